package org.countersign.testing

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.net.ConnectException
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration

class DemoServerTest {
    private val client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()

    @Test
    fun `it shows its page, obeys its operator, and is gone once closed`() {
        val server = DemoServer.start()
        server.use {
            val page = get(it)
            assertEquals(200, page.statusCode())
            assertTrue(page.body().contains("<html"), page.body())
            assertEquals("The clock is 5 s further ahead.", it.tell("ahead 5"))
        }
        assertFalse(server.handle.isAlive)
        assertThrows(ConnectException::class.java) { get(server) }
    }

    @Test
    fun `two run side by side`() {
        DemoServer.start().use { one ->
            DemoServer.start().use { other ->
                assertEquals(200, get(one).statusCode())
                assertEquals(200, get(other).statusCode())
            }
        }
    }

    private fun get(server: DemoServer) =
        client.send(
            HttpRequest.newBuilder(server.address).timeout(Duration.ofSeconds(10)).build(),
            BodyHandlers.ofString(),
        )
}
