package org.countersign

import kotlinx.coroutines.flow.Flow
import org.countersign.ffi.AccountCode
import org.countersign.ffi.AccountDraft
import org.countersign.ffi.AccountFilter
import org.countersign.ffi.AccountInfo
import org.countersign.ffi.DraftPreview
import org.countersign.ffi.Profile
import org.countersign.ffi.Revealed
import org.countersign.ffi.TagCount
import org.countersign.ffi.Accounts as FfiAccounts

/**
 * The desk for accounts and their codes. Ids are 32 hexadecimal digits. Everything needs the vault unlocked and gives
 * `ApiException.Locked` otherwise. What is no `suspend` function answers from memory, within a millisecond or so.
 */
public class Accounts internal constructor(
    private val handle: Handle<FfiAccounts>,
    private val calls: Calls,
    private val changes: Changes,
    private val now: () -> Long,
) {
    /** The accounts that are selected: favourites first, then the person's order, then by names. */
    public fun list(filter: AccountFilter = AccountFilter()): List<AccountInfo> = handle.use { it.list(filter) }

    /** One account, in the trash or not. */
    public fun get(id: String): AccountInfo = handle.use { it.get(id) }

    /** The tags of all accounts outside of the trash, by name. */
    public fun tags(): List<TagCount> = handle.use { it.tags() }

    /** The code of every account that shows one by itself (all but HOTP and the trash), in the order of the list. */
    public fun codes(): List<AccountCode> = handle.use { it.codes() }

    /** The codes of these accounts alone, in this order; HOTP accounts and such as are gone are passed over. */
    public fun codesOf(ids: List<String>): List<AccountCode> = handle.use { it.codesOf(ids) }

    /**
     * The codes as they change: at once, at the end of each window, and when accounts change. It ends when the vault is
     * locked, at once if it is locked already. Nothing runs while nobody collects it.
     */
    public fun codeStream(): Flow<List<AccountCode>> = codeStream(changes, now, ::codes)

    /** As [codeStream], of these accounts alone: what a screen shows. */
    public fun codeStream(ids: List<String>): Flow<List<AccountCode>> = codeStream(changes, now) { codesOf(ids) }

    /** One account's code, to be used now. For HOTP this uses the counter up, on the disk before it is shown. */
    public suspend fun code(id: String): AccountCode = calls.blocking { handle.use { it.code(id) } }

    /** Notes that a code was used, if the person turned counting on. */
    public suspend fun countUse(id: String): Unit = calls.blocking { handle.use { it.countUse(id) } }

    /** Finds an HOTP account's counter again from two codes in a row, among the next [lookAhead] (at most 1,000). */
    public suspend fun resync(
        id: String,
        first: String,
        second: String,
        lookAhead: Int,
    ): Unit = calls.blocking { handle.use { it.resync(id, first, second, lookAhead.coerceAtLeast(0).toUInt()) } }

    /** What adding a draft would mean, with [profile] under these names instead of its own. */
    public fun preview(
        draft: AccountDraft,
        profile: Profile? = null,
    ): DraftPreview = handle.use { it.preview(draft, profile) }

    /** Adds an account and gives back its id; with [evenIfThere] also one that is there with the same secret and names. */
    public suspend fun add(
        draft: AccountDraft,
        profile: Profile? = null,
        evenIfThere: Boolean = false,
    ): String = calls.blocking { handle.use { it.add(draft, profile, evenIfThere) } }

    /** Changes an account's names, note, tags and mark. */
    public suspend fun edit(
        id: String,
        profile: Profile,
    ): Unit = calls.blocking { handle.use { it.edit(id, profile) } }

    /** Sets how many seconds the site's clock is ahead of this one (negative: behind), up to a day. */
    public suspend fun setClockOffset(
        id: String,
        seconds: Int,
    ): Unit = calls.blocking { handle.use { it.setClockOffset(id, seconds) } }

    /** Puts these accounts into this order, by hand; new accounts come before them. */
    public suspend fun setOrder(ids: List<String>): Unit = calls.blocking { handle.use { it.setOrder(ids) } }

    /** Moves an account to the trash, where it stays restorable. */
    public suspend fun trash(id: String): Unit = calls.blocking { handle.use { it.trash(id) } }

    /** Takes an account out of the trash again. */
    public suspend fun untrash(id: String): Unit = calls.blocking { handle.use { it.untrash(id) } }

    /** Removes for good what was in the trash for longer than the person set, or [all] of it; gives back how many. */
    public suspend fun purge(all: Boolean = false): ULong = calls.blocking { handle.use { it.purge(all) } }

    /** Gives an account a picture of at most 128 KiB; none takes it away. */
    public suspend fun setIcon(
        id: String,
        icon: ByteArray?,
    ): Unit = calls.blocking { handle.use { it.setIcon(id, icon) } }

    /** An account's picture. */
    public suspend fun icon(id: String): ByteArray = calls.blocking { handle.use { it.icon(id) } }

    /** Reveals an account's secret to whoever knows the password. */
    public suspend fun reveal(
        id: String,
        password: ByteArray,
    ): Revealed = withSecret(password) { secret -> calls.blocking { handle.use { it.revealWithPassword(id, secret) } } }

    /** Reveals an account's secret to whoever the keystore lets use its per-use key. */
    public suspend fun revealWithDevice(id: String): Revealed =
        calls.waiting { operation -> handle.use { it.revealWithDevice(id, operation) } }
}
