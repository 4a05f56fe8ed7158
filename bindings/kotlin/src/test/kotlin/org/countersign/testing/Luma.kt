package org.countersign.testing

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
)

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
