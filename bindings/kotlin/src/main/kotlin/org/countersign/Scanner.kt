package org.countersign

import org.countersign.ffi.PictureReading
import org.countersign.ffi.Rotation
import org.countersign.ffi.ScanEvent
import java.nio.ByteBuffer
import org.countersign.ffi.Scanner as FfiScanner

/** Brightness as a camera gives it, one byte a pixel, 0 black: rows of [width] pixels that begin [rowStride] bytes apart. */
public class LumaPlane(
    /** Read from its position on; a direct one without a copy. It must not change meanwhile. */
    public val bytes: ByteBuffer,
    /** In pixels, as the picture lies. */
    public val width: Int,
    /** In pixels, as the picture lies. */
    public val height: Int,
    /** In bytes. */
    public val rowStride: Int = width,
    /** By how much it has to be turned to stand upright. */
    public val rotation: Rotation = Rotation.NONE,
)

/** Reads one camera frame after the other and tells each code once. */
public class Scanner internal constructor(
    inner: FfiScanner,
    private val calls: Calls,
) : AutoCloseable {
    private val handle = Handle(inner)

    /** Reads a frame of a live camera; gives back what is new. */
    public suspend fun push(frame: LumaPlane): List<ScanEvent> = calls.blocking { pushNow(frame) }

    /** As [push], on the caller's own thread, where an analyser has one. Blocks for some milliseconds. */
    public fun pushNow(frame: LumaPlane): List<ScanEvent> {
        MainThread.refuse()
        return handle.use { scanner ->
            with(frame) {
                scanner.push(bytes.borrowed(), width.size(), height.size(), rowStride.size(), rotation)
            }
        }
    }

    /** Reads one picture with all the work that is sensible, apart from the frames of the camera. */
    public suspend fun readPicture(picture: LumaPlane): PictureReading =
        calls.blocking { operation ->
            handle.use { scanner ->
                with(picture) {
                    val (columns, rows) = width.size() to height.size()
                    scanner.readPicture(bytes.borrowed(), columns, rows, rowStride.size(), rotation, operation)
                }
            }
        }

    /** Forgets everything, so that codes are told again. */
    public fun reset(): Unit = handle.use { it.reset() }

    /** Lets go of it; later calls give `Locked` (`shut`). */
    override fun close(): Unit = handle.close()

    // A negative size is no size: the library refuses it as it refuses 0.
    private fun Int.size() = coerceAtLeast(0).toUInt()
}
