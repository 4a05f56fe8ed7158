package org.countersign.testing

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.awt.image.BufferedImage
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import javax.imageio.ImageIO

class LumaTest {
    @Test
    fun `brightness is that of ITU-R BT 601 on white paper`() {
        val luma = readLuma(png())
        assertTrue(luma.bytes.isDirect)
        // 0.299 × 255, 0.587 × 255 and 0.114 × 255, rounded down; black that lets everything, or half, through.
        assertEquals(listOf(76, 149, 29, 255, 0, 127), luma.bytes.toList())
        assertEquals(listOf(3, 2, 3), listOf(luma.width, luma.height, luma.rowStride))
    }

    @Test
    fun `rows can lie apart`() {
        val luma = readLuma(png(), padding = 5)
        assertEquals(8, luma.rowStride)
        assertEquals(11, luma.bytes.remaining())
        assertEquals(listOf(76, 149, 29), luma.bytes.toList().take(3))
        assertEquals(listOf(255, 0, 127), luma.bytes.toList().drop(luma.rowStride))
    }

    private fun png(): ByteArrayInputStream {
        val picture = BufferedImage(3, 2, BufferedImage.TYPE_INT_ARGB)
        val pixels = listOf(0xFFFF0000, 0xFF00FF00, 0xFF0000FF, 0x00000000, 0xFF000000, 0x80000000)
        pixels.forEachIndexed { index, argb -> picture.setRGB(index % 3, index / 3, argb.toInt()) }
        val file = ByteArrayOutputStream()
        assertTrue(ImageIO.write(picture, "png", file))
        return ByteArrayInputStream(file.toByteArray())
    }

    private fun ByteBuffer.toList() = (position() until limit()).map { get(it).toInt() and 0xFF }
}
