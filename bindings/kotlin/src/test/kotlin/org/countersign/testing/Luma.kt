package org.countersign.testing

import org.countersign.LumaPlane
import org.countersign.ffi.QrMatrix
import java.awt.image.BufferedImage
import java.io.InputStream
import java.nio.ByteBuffer
import javax.imageio.ImageIO

/** Brightness, as a camera gives it: rows of [width] bytes that begin [rowStride] bytes apart. */
class Luma(
    val bytes: ByteBuffer,
    val width: Int,
    val height: Int,
    val rowStride: Int,
) {
    /** As the library takes it. */
    val plane get() = LumaPlane(bytes, width, height, rowStride)
}

/**
 * The brightness of a picture file, in a direct buffer. Cameras align their rows: [padding] bytes follow each but the
 * last, filled with noise that a reader must not take for pixels.
 */
fun readLuma(
    file: InputStream,
    padding: Int = 0,
): Luma {
    val picture = checkNotNull(ImageIO.read(file)) { "no picture that Java can read" }
    val stride = picture.width + padding
    val bytes = ByteBuffer.allocateDirect(stride * (picture.height - 1) + picture.width)
    for (y in 0 until picture.height) {
        for (x in 0 until picture.width) {
            bytes.put(brightness(picture, x, y))
        }
        if (y < picture.height - 1) {
            repeat(padding) { bytes.put((NOISE * (it + y)).toByte()) }
        }
    }
    return Luma(bytes.flip(), picture.width, picture.height, stride)
}

private const val NOISE = 97

// By ITU-R BT.601, on white paper. Java's own conversion to grey goes through linear light, no camera does.
private fun brightness(
    picture: BufferedImage,
    x: Int,
    y: Int,
): Byte {
    val argb = picture.getRGB(x, y)
    val (alpha, red, green, blue) = listOf(24, 16, 8, 0).map { argb ushr it and 0xFF }
    val grey = (299 * red + 587 * green + 114 * blue) / 1000
    return ((grey * alpha + 255 * (255 - alpha)) / 255).toByte()
}

/** A QR code of ours as a camera sees it, four pixels a module, with its margin. */
fun drawn(matrix: QrMatrix): Luma {
    val size = matrix.size.toInt()
    return drawn(size) { x, y -> matrix.modules[y * size + x] == 1.toByte() }
}

private const val MODULE = 4
private const val MARGIN = 4

private fun drawn(
    size: Int,
    isDark: (Int, Int) -> Boolean,
): Luma {
    val side = (size + 2 * MARGIN) * MODULE
    val bytes = ByteBuffer.allocateDirect(side * side)
    for (y in 0 until side) {
        for (x in 0 until side) {
            val (column, row) = x / MODULE - MARGIN to y / MODULE - MARGIN
            val dark = column in 0 until size && row in 0 until size && isDark(column, row)
            bytes.put(if (dark) 0 else 255.toByte())
        }
    }
    return Luma(bytes.flip(), side, side, side)
}

/** A QR code of the demo's pages: runs of dark modules, in a picture that has its margin. */
fun drawn(svg: String): Luma {
    val side = checkNotNull(Regex("""viewBox="0 0 (\d+) """).find(svg)).groupValues[1].toInt()
    val dark = Array(side) { BooleanArray(side) }
    for (run in Regex("""M(\d+) (\d+)h(\d+)v1h-""").findAll(svg)) {
        val (x, y, length) = run.groupValues.drop(1).map(String::toInt)
        dark[y].fill(true, x, x + length)
    }
    return drawn(side - 2 * MARGIN) { x, y -> dark[y + MARGIN][x + MARGIN] }
}
