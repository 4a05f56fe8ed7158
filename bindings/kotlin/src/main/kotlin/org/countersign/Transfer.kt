package org.countersign

import org.countersign.ffi.FormatInfo
import org.countersign.ffi.GoogleExport
import org.countersign.ffi.LastImport
import org.countersign.ffi.LinksExport
import org.countersign.ffi.Undone
import java.nio.ByteBuffer
import org.countersign.ffi.Transfer as FfiTransfer

/** The desk for accounts from other files, and out again. The encrypted backup is [Authenticator.backupBytes]. */
public class Transfer internal constructor(
    private val handle: Handle<FfiTransfer>,
    private val calls: Calls,
    private val tell: Tell,
) {
    /** Every format that is known, in the order in which a person is told of them. */
    public fun formats(): List<FormatInfo> = handle.use { it.formats() }

    /** Which format a file has, by its content. Works while the vault is locked. */
    public suspend fun detect(file: ByteBuffer): FormatInfo =
        calls.blocking { handle.use { it.detect(file.borrowed()) } }

    /** Begins an import, which has no file yet. Works while the vault is locked. */
    public fun beginImport(): Import = Import(handle.use { it.beginImport() }, calls, tell)

    /** The import that [undo] would take back; none after it was taken back. */
    public suspend fun lastImport(): LastImport? = calls.blocking { handle.use { it.lastImport() } }

    /** Takes the last import back: what is as it came is removed for good, the rest goes to the trash. */
    public suspend fun undo(): Undone = calls.blocking { handle.use { it.undo() } }

    /** Exports these accounts, or without ids all outside of the trash, as links, to whoever knows the password. */
    public suspend fun exportLinks(
        password: ByteArray,
        ids: List<String> = emptyList(),
    ): LinksExport =
        withSecret(password) { secret -> calls.blocking { handle.use { it.exportLinksWithPassword(secret, ids) } } }

    /** As [exportLinks], to whoever the keystore lets use its per-use key. */
    public suspend fun exportLinksWithDevice(ids: List<String> = emptyList()): LinksExport =
        calls.waiting { operation -> handle.use { it.exportLinksWithDevice(ids, operation) } }

    /** Exports these accounts, or without ids all outside of the trash, as QR codes, to whoever knows the password. */
    public suspend fun exportGoogle(
        password: ByteArray,
        ids: List<String> = emptyList(),
    ): GoogleExport =
        withSecret(password) { secret -> calls.blocking { handle.use { it.exportGoogleWithPassword(secret, ids) } } }

    /** As [exportGoogle], to whoever the keystore lets use its per-use key. */
    public suspend fun exportGoogleWithDevice(ids: List<String> = emptyList()): GoogleExport =
        calls.waiting { operation -> handle.use { it.exportGoogleWithDevice(ids, operation) } }
}
