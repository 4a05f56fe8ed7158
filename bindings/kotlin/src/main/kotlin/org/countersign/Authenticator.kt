package org.countersign

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import org.countersign.ffi.ApiException
import org.countersign.ffi.BackupSink
import org.countersign.ffi.Change
import org.countersign.ffi.ChangeListener
import org.countersign.ffi.FileKey
import org.countersign.ffi.NewVault
import org.countersign.ffi.Operation
import org.countersign.ffi.Platform
import org.countersign.ffi.RecoveryCode
import org.countersign.ffi.Report
import org.countersign.ffi.Rotated
import org.countersign.ffi.Scanned
import org.countersign.ffi.SecretInput
import org.countersign.ffi.Settings
import org.countersign.ffi.SlotInfo
import org.countersign.ffi.createVault
import org.countersign.ffi.restoreBackup
import org.countersign.ffi.salvageVault
import java.nio.ByteBuffer
import org.countersign.ffi.Authenticator as FfiAuthenticator

/**
 * An authenticator over one vault, with its desks. May be used from any number of threads.
 *
 * What touches the disk, derives a key, or waits for a person or a network is a `suspend` function: it runs on the dispatcher
 * that was given, and ends early when its coroutine is cancelled. Everything else answers from memory. Failures are
 * [org.countersign.ffi.ApiException]s, sorted by what the person can do; after [close] every call gives `Locked` (`shut`).
 *
 * Secrets go in as bytes, which the caller wipes afterwards; every copy that is made of them here is wiped.
 */
public class Authenticator private constructor(
    inner: FfiAuthenticator,
    private val around: Around,
) : AutoCloseable {
    private val handle = Handle(inner)
    private val calls = Calls(around.dispatcher)
    private val hub = Changes(::listen)
    private val accountsHandle = Handle(inner.accounts())
    private val approvalsHandle = Handle(inner.approvals())
    private val transferHandle = Handle(inner.transfer())

    /** The desk for accounts and their codes. */
    public val accounts: Accounts = Accounts(accountsHandle, calls, hub, around.now)

    /** The desk for approvals. */
    public val approvals: Approvals = Approvals(approvalsHandle, calls, hub, around.now)

    /** The desk for accounts from other files, and out again. */
    public val transfer: Transfer = Transfer(transferHandle, calls, around.tell)

    /** What has changed, as it changes, each kind once. It ends when this is closed. Nobody is told while nobody collects. */
    public val changes: Flow<Set<Change>> = hub.asFlow(handle::isClosed)

    /** Whether the vault is unlocked. */
    public val isUnlocked: Boolean get() = !handle.isClosed && handle.use { it.isUnlocked() }

    /** Whether approvals can be polled and denied just now. */
    public val mayPoll: Boolean get() = !handle.isClosed && handle.use { it.mayPoll() }

    /** Whether the file can't be written at all. */
    public val isReadOnly: Boolean get() = handle.isClosed || handle.use { it.isReadOnly() }

    /** Unlocks with the password. */
    public suspend fun unlock(password: ByteArray): Report =
        withSecret(password) { secret ->
            calls.blocking { operation -> handle.use { it.unlockWithPassword(secret, operation) } }
        }

    /** Unlocks with the recovery code, which opens no key that confirms approvals. */
    public suspend fun unlockWithRecoveryCode(code: ByteArray): Report =
        withSecret(code) { secret ->
            calls.blocking { operation -> handle.use { it.unlockWithRecoveryCode(secret, operation) } }
        }

    /** Unlocks with this device's keystore, which may ask the person. */
    public suspend fun unlockWithDevice(): Report =
        calls.waiting { operation -> handle.use { it.unlockWithDevice(operation) } }

    /** Lets polling and denying work while the vault is locked, with the key that the keystore unwraps without asking. */
    public suspend fun openInbox(): Unit = calls.waiting { operation -> handle.use { it.openInbox(operation) } }

    /** Locks: ends every operation with `Locked`, and wipes every key and secret from memory but the inbox key. */
    public fun lock(): Unit = handle.use { it.lock() }

    /** Locks, and wipes the inbox key too. */
    public fun closeInbox(): Unit = handle.use { it.closeInbox() }

    /** Locks, closes the file and lets go of everything. Every later call gives `Locked` (`shut`); a second one does nothing. */
    override fun close() {
        handle.close { it.shut() }
        accountsHandle.close()
        approvalsHandle.close()
        transferHandle.close()
    }

    /** Reads again what another program has written since. */
    public suspend fun refresh(): Unit = calls.blocking { handle.use { it.refresh() } }

    /** Checks everything; what is damaged is no error but a finding. */
    public suspend fun verify(): Report = calls.blocking { operation -> handle.use { it.verify(operation) } }

    /** What the last look at the file found. */
    public fun report(): Report = handle.use { it.report() }

    /** Accepts what was found, so that the vault can be written again. */
    public suspend fun acceptFindings(): Unit = calls.blocking { handle.use { it.acceptFindings() } }

    /** The copies of damaged states, as paths. */
    public suspend fun quarantineCopies(): List<String> = calls.blocking { handle.use { it.quarantineCopies() } }

    /** Removes such a copy, with what belongs to it. */
    public suspend fun removeQuarantineCopy(path: String): Unit =
        calls.blocking { handle.use { it.removeQuarantineCopy(path) } }

    /** The ways to unlock that can be read; also while the vault is locked. */
    public suspend fun slots(): List<SlotInfo> = calls.blocking { handle.use { it.slots() } }

    /** Takes a way to unlock away. Copies made before still open with it. */
    public suspend fun removeSlot(id: String): Unit = calls.blocking { handle.use { it.removeSlot(id) } }

    /** Lets this device's keystore unlock the vault from now on. */
    public suspend fun addDeviceUnlock(): Unit =
        calls.waiting { operation -> handle.use { it.addDeviceUnlock(operation) } }

    /** Lets this device's keystore open the inbox from now on, without asking. */
    public suspend fun addInboxKey(): Unit = calls.waiting { operation -> handle.use { it.addInboxKey(operation) } }

    /** Lets this device's keystore confirm approvals from now on, asking at each use; the password proves whose it is. */
    public suspend fun addPerUseKey(password: ByteArray): Unit =
        withSecret(password) { secret ->
            calls.waiting { operation -> handle.use { it.addPerUseKey(secret, operation) } }
        }

    /**
     * Replaces the password. Copies and backups made before still open with the old one. Without [old], as after unlocking by
     * recovery code, enrolments whose keys were made in software have to be renewed.
     */
    public suspend fun changePassword(
        old: ByteArray?,
        new: ByteArray,
    ): Unit =
        withSecret(new) { replacement ->
            if (old == null) return@withSecret change(null, replacement)
            withSecret(old) { present -> change(present, replacement) }
        }

    private fun listen(listener: ChangeListener?) =
        try {
            handle.use { it.listen(listener) }
        } catch (_: ApiException.Locked) {
            // It is closed, and tells nobody any more.
        }

    private suspend fun change(
        old: SecretInput?,
        new: SecretInput,
    ) = calls.blocking { operation -> handle.use { it.changePassword(old, new, operation) } }

    /** Replaces the recovery code by a new one, to be shown once. */
    public suspend fun newRecoveryCode(): RecoveryCode = calls.blocking { handle.use { it.newRecoveryCode() } }

    /** Counts a recovery code from now on, once the person has typed back one of its eight groups, [group] from 1. */
    public suspend fun confirmRecoveryCode(
        code: RecoveryCode,
        group: Int,
        typed: ByteArray,
    ): Unit =
        withSecret(typed) { secret ->
            calls.blocking { handle.use { it.confirmRecoveryCode(code, group.coerceAtLeast(0).toUInt(), secret) } }
        }

    /** Gives the vault a new key, after a leak: everything is sealed anew, every way to unlock is made anew. */
    public suspend fun rotate(password: ByteArray): Rotated =
        withSecret(password) { secret -> calls.waiting { operation -> handle.use { it.rotate(secret, operation) } } }

    /** The whole vault as an encrypted backup file, which opens with the password and the recovery code of today. */
    public suspend fun backupBytes(): ByteArray = calls.blocking { handle.use { it.backupBytes() } }

    /** Writes a backup under a new name, reads it back, and only then removes the oldest ones; gives back the new name. */
    public suspend fun backupTo(sink: BackupSink): String =
        calls.blocking { operation -> handle.use { it.backupTo(GuardedSink(sink, around.tell), operation) } }

    /** What the person set. */
    public fun settings(): Settings = handle.use { it.settings() }

    /** Changes what the person set. */
    public suspend fun setSettings(settings: Settings): Unit =
        calls.blocking { handle.use { it.setSettings(settings) } }

    /** Reads a link or a text that a person typed, pasted or was sent. Works while the vault is locked. */
    public fun readText(text: ByteArray): Scanned = withSecret(text) { secret -> handle.use { it.readText(secret) } }

    /** A new scanner, which has seen nothing. Works while the vault is locked. */
    public fun scanner(): Scanner = Scanner(handle.use { it.scanner() }, calls)

    /** What surrounds an authenticator. */
    internal class Around(
        val dispatcher: CoroutineDispatcher,
        platform: Platform,
        val tell: Tell,
    ) {
        val platform: Platform = platform.guarded(tell)

        val now: () -> Long = this.platform.clock.let { clock -> { clock?.nowMs() ?: System.currentTimeMillis() } }
    }

    /** A new vault, unlocked. */
    public class New internal constructor(
        /** The authenticator over it. */
        public val authenticator: Authenticator,
        /** Its recovery code, to be shown once. */
        public val recovery: RecoveryCode,
        /** What a salvage could not find; none otherwise. */
        public val report: Report?,
    ) {
        /** [authenticator]. */
        public operator fun component1(): Authenticator = authenticator

        /** [recovery]. */
        public operator fun component2(): RecoveryCode = recovery
    }

    /** How an authenticator comes to be. Blocking calls of it all run on the `dispatcher`, which must not be the main one. */
    public companion object {
        /**
         * Opens the file of a vault, locked. What a port of [platform] throws beside its declared errors is told to
         * [portFailed], from whichever thread it was thrown on; nothing of it goes further.
         */
        public suspend fun open(
            path: String,
            platform: Platform = Platform(),
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            portFailed: (Throwable) -> Unit = {},
        ): Authenticator {
            val around = Around(dispatcher, platform, portFailed)
            return Calls(dispatcher).making(Authenticator::close) {
                Authenticator(FfiAuthenticator.open(path, around.platform), around)
            }
        }

        /** Makes a new vault that a password and a new recovery code open. Other parameters as those of [open]. */
        public suspend fun create(
            path: String,
            password: ByteArray,
            platform: Platform = Platform(),
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            portFailed: (Throwable) -> Unit = {},
        ): New {
            val around = Around(dispatcher, platform, portFailed)
            return withSecret(password) { secret ->
                found(around) { operation -> createVault(path, secret, around.platform, operation) }
            }
        }

        /**
         * Makes a new vault of the backup [file], which [key] opens, with a new password and recovery code. Push enrolments
         * have to be renewed, since no backup has their keys. Other parameters as those of [open].
         */
        public suspend fun restore(
            path: String,
            file: ByteBuffer,
            key: FileKey,
            password: ByteArray,
            platform: Platform = Platform(),
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            portFailed: (Throwable) -> Unit = {},
        ): New {
            val around = Around(dispatcher, platform, portFailed)
            return withSecret(password) { secret ->
                found(around) { restoreBackup(path, file.borrowed(), key, secret, around.platform, it) }
            }
        }

        /**
         * Makes a new vault of what can still be read of a file whose structure is destroyed, which [key] opens; it is only
         * read. Other parameters as those of [open].
         */
        public suspend fun salvage(
            damagedPath: String,
            key: FileKey,
            path: String,
            password: ByteArray,
            platform: Platform = Platform(),
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            portFailed: (Throwable) -> Unit = {},
        ): New {
            val around = Around(dispatcher, platform, portFailed)
            return withSecret(password) { secret ->
                found(around) { salvageVault(damagedPath, key, path, secret, around.platform, it) }
            }
        }

        private suspend fun found(
            around: Around,
            make: (Operation) -> NewVault,
        ): New =
            Calls(around.dispatcher).making({ it.authenticator.close() }) { operation ->
                val vault = make(operation)
                New(Authenticator(vault.authenticator, around), vault.recovery, vault.report)
            }
    }
}
