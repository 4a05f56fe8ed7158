package org.countersign

import org.countersign.ffi.ApiException
import org.countersign.ffi.Rotation
import org.countersign.ffi.ScanEvent
import org.countersign.ffi.ScanHint
import org.countersign.ffi.Scanned
import org.countersign.testing.Luma
import org.countersign.testing.drawn
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class ScannerTest {
    private val link = "otpauth://totp/Bank:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank"
    private val picture = drawn(Countersign.qrCode(link))

    @Test
    fun `an account is enrolled from a picture's brightness`() =
        suspending {
            withVault { authenticator ->
                val reading = authenticator.scanner().use { it.readPicture(picture.plane) }
                assertEquals(ScanHint.READ, reading.hint)
                val id = authenticator.accounts.add(reading.events.draft())
                assertEquals(
                    "Bank",
                    authenticator.accounts
                        .get(id)
                        .profile.issuer,
                )
                assertEquals(listOf(id), authenticator.accounts.codes().map { it.id })
            }
        }

    @Test
    fun `a camera tells a code once, a picture each time`() =
        suspending {
            withVault { authenticator ->
                authenticator.scanner().use { scanner ->
                    assertEquals(
                        "Bank",
                        scanner
                            .push(picture.plane)
                            .draft()
                            .profile()
                            .issuer,
                    )
                    assertEquals(0, scanner.push(picture.plane).count { it is ScanEvent.Found })
                    repeat(2) { scanner.readPicture(picture.plane).events.draft() }
                    scanner.reset()
                    assertEquals(
                        "Bank",
                        scanner
                            .push(picture.plane)
                            .draft()
                            .profile()
                            .issuer,
                    )
                }
            }
        }

    @Test
    fun `a buffer is read from its position on, and one in Java's memory as well`() =
        suspending {
            withVault { authenticator ->
                val inside = ByteBuffer.allocateDirect(picture.bytes.remaining() + 7).apply { position(7) }
                inside.put(picture.bytes.duplicate()).position(7)
                val heap = ByteBuffer.allocate(picture.bytes.remaining()).put(picture.bytes.duplicate()).flip()
                for (bytes in listOf(inside, heap)) {
                    val plane = LumaPlane(bytes, picture.width, picture.height, picture.rowStride, Rotation.HALF)
                    authenticator
                        .scanner()
                        .use { it.readPicture(plane) }
                        .events
                        .draft()
                }
            }
        }

    @Test
    fun `sizes that don't fit are refused`() =
        suspending {
            withVault { authenticator ->
                authenticator.scanner().use { scanner ->
                    for ((width, height) in listOf(-1 to 100, 0 to 0, picture.width to picture.height + 1)) {
                        refuses<ApiException.InvalidInput>("picture-size") {
                            scanner.readPicture(LumaPlane(picture.bytes, width, height))
                        }
                    }
                }
            }
        }

    @Test
    fun `what enrols nothing is said`() =
        suspending {
            withVault { authenticator ->
                val scanned = authenticator.readText("https://example.org/x".toByteArray())
                assertTrue(scanned is Scanned.Foreign, "$scanned")
                refuses<ApiException.InvalidInput>("text-empty") { authenticator.readText(ByteArray(0)) }
                val refused = authenticator.scanner().use { it.readPicture(luma("otpauth://totp/x").plane) }
                assertTrue(refused.events.single() is ScanEvent.Refused)
            }
        }

    private fun luma(text: String): Luma = drawn(Countersign.qrCode(text))

    private fun List<ScanEvent>.draft() =
        (filterIsInstance<ScanEvent.Found>().single().scanned as Scanned.Account).draft
}
