package org.countersign

import org.countersign.ffi.ExportPart
import org.countersign.ffi.FileKey
import org.countersign.ffi.FormatInfo
import org.countersign.ffi.ImportItem
import org.countersign.ffi.Imported
import org.countersign.ffi.PreviewCode
import org.countersign.ffi.RefusedItem
import java.nio.ByteBuffer
import org.countersign.ffi.Import as FfiImport
import org.countersign.ffi.ImportPreview as FfiImportPreview

/** The files and texts of one import. It holds their secrets, also while the vault is locked, until it is closed. */
public class Import internal constructor(
    inner: FfiImport,
    private val calls: Calls,
    private val tell: Tell,
) : AutoCloseable {
    private val handle = Handle(inner)

    /** Reads a file, whose format is told by its content. One that is refused leaves what was read before as it was. */
    public suspend fun addFile(
        file: ByteBuffer,
        key: FileKey? = null,
        progress: ProgressListener? = null,
    ): FormatInfo =
        calls.blocking { operation ->
            handle.use { it.addFile(file.borrowed(), key, operation, progress?.let { GuardedProgress(it, tell) }) }
        }

    /** Takes one text, as a camera reads it from a code or a person pastes it. */
    public fun addText(text: ByteArray): Unit = withSecret(text) { secret -> handle.use { it.addText(secret) } }

    /** Takes one part of another app's export that a scanner has found. */
    public fun addPart(part: ExportPart): Unit = handle.use { it.addPart(part) }

    /** The numbers, from 1, of the parts of another app's export that are not there yet. */
    public fun missingParts(): List<Int> = handle.use { it.missingParts() }.map { it.toInt() }

    /** What the import would add, compared with the vault; with [evenIncomplete] also where parts are missing. */
    public suspend fun preview(
        evenIncomplete: Boolean = false,
        progress: ProgressListener? = null,
    ): ImportPreview =
        calls.making(ImportPreview::close) { operation ->
            handle.use {
                val listener = progress?.let { listener -> GuardedProgress(listener, tell) }
                ImportPreview(it.preview(evenIncomplete, operation, listener), calls, tell)
            }
        }

    /** Lets go of it; later calls give `Locked` (`shut`). */
    override fun close(): Unit = handle.close()
}

/** What an import would add. It holds the secrets of its accounts, also while the vault is locked, until it is closed. */
public class ImportPreview internal constructor(
    inner: FfiImportPreview,
    private val calls: Calls,
    private val tell: Tell,
) : AutoCloseable {
    private val handle = Handle(inner)

    /** The accounts, in the order of the files. */
    public val items: List<ImportItem> get() = handle.use { it.items() }

    /** What can't be added, and why. */
    public val refused: List<RefusedItem> get() = handle.use { it.refused() }

    /** How many accounts would be added. */
    public val chosen: ULong get() = handle.use { it.chosen() }

    /** One of the accounts, counted from 0. */
    public fun item(index: Int): ImportItem = handle.use { it.item(index.index()) }

    /** Chooses whether the account with this index is added. */
    public fun choose(
        index: Int,
        add: Boolean,
    ): Unit = handle.use { it.choose(index.index(), add) }

    /** Chooses for all accounts at once. */
    public fun chooseAll(add: Boolean): Unit = handle.use { it.chooseAll(add) }

    /** The present code of the account with this index, to compare with the other app before it is added. */
    public fun code(index: Int): PreviewCode = handle.use { it.code(index.index()) }

    /** Adds what was chosen, all of it or nothing. Cancelled, it has added nothing and can be tried again. */
    public suspend fun apply(progress: ProgressListener? = null): Imported =
        calls.blocking { operation ->
            handle.use { it.apply(operation, progress?.let { listener -> GuardedProgress(listener, tell) }) }
        }

    /** Lets go of it; later calls give `Locked` (`shut`). */
    override fun close(): Unit = handle.close()

    // A negative index is one that isn't there.
    private fun Int.index() = if (this < 0) ULong.MAX_VALUE else toULong()
}
