package org.countersign.jvm

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import com.sun.net.httpserver.HttpsConfigurator
import com.sun.net.httpserver.HttpsServer
import org.countersign.ffi.HttpException
import org.countersign.ffi.HttpHeader
import org.countersign.ffi.HttpRequest
import org.countersign.testing.inFolder
import org.countersign.testing.suspending
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.MessageDigest
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509ExtendedTrustManager

class JavaHttpClientTest {
    private val client = JavaHttpClient(allowLoopbackHttp = true)

    @Test
    fun `a request goes out whole, and its answer comes back, whatever its status`() =
        serving({ exchange ->
            val body = exchange.requestBody.readBytes().decodeToString()
            val header = exchange.requestHeaders.getFirst("Proof")
            exchange.answer(418, "${exchange.requestMethod} $body $header".toByteArray())
        }) { url ->
            val headers = listOf(HttpHeader("Proof", "it is"))
            val answer = client.send(request(url, method = "POST", body = "text".toByteArray(), headers = headers))
            assertEquals(418.toUShort(), answer.status)
            assertEquals("POST text it is", answer.body.decodeToString())
        }

    @Test
    fun `a redirect is an answer`() =
        serving({ exchange ->
            exchange.responseHeaders.add("Location", "/other")
            exchange.answer(302, ByteArray(0))
        }) { url -> assertEquals(302.toUShort(), client.send(request(url)).status) }

    @Test
    fun `an answer may be as long as allowed, and not a byte longer`() =
        serving({ it.answer(200, ByteArray(100_000) { 7 }) }) { url ->
            val whole = client.send(request(url, longest = 100_000u)).body
            assertArrayEquals(ByteArray(100_000) { 7 }, whole)
            refuses<HttpException.TooLong> { client.send(request(url, longest = 99_999u)) }
        }

    @Test
    fun `an answer that trickles ends at the deadline`() =
        serving({ exchange ->
            exchange.sendResponseHeaders(200, 0)
            runCatching {
                repeat(100) {
                    exchange.responseBody.write(1)
                    exchange.responseBody.flush()
                    Thread.sleep(50)
                }
            }
            exchange.close()
        }) { url ->
            val start = System.nanoTime()
            refuses<HttpException.TimedOut> { client.send(request(url, deadline = 400u)) }
            assertTrue(System.nanoTime() - start < 3_000_000_000)
        }

    @Test
    fun `nobody there is out of reach, and plain HTTP is for loopback alone`() =
        suspending {
            refuses<HttpException.Unreachable> { client.send(request("http://127.0.0.1:9/")) }
            refuses<HttpException.NotTrusted> { client.send(request("http://192.0.2.1/")) }
            refuses<HttpException.NotTrusted> { JavaHttpClient().send(request("http://127.0.0.1:9/")) }
            refuses<HttpException.NotTrusted> { client.send(request("file:///etc/hostname")) }
            refuses<HttpException.Failed> { client.send(request("no url")) }
        }

    @Test
    fun `a certificate that nobody vouches for is not trusted, and one without the pinned key neither`() =
        suspending {
            inFolder { folder ->
                val store = selfSigned(folder)
                val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
                keys.init(store, SECRET.toCharArray())
                val server = HttpsServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
                server.httpsConfigurator =
                    HttpsConfigurator(SSLContext.getInstance("TLS").apply { init(keys.keyManagers, null, null) })
                server.start()
                try {
                    refuses<HttpException.NotTrusted> {
                        client.send(
                            request("https://127.0.0.1:${server.address.port}/"),
                        )
                    }
                } finally {
                    server.stop(0)
                }
                val certificate = store.getCertificate("server") as X509Certificate
                val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
                trust.init(store)
                val usual = trust.trustManagers.filterIsInstance<X509ExtendedTrustManager>().single()
                val pin = MessageDigest.getInstance("SHA-256").digest(certificate.publicKey.encoded)
                Pins(usual, listOf(ByteArray(32), pin)).checkServerTrusted(arrayOf(certificate), "RSA")
                assertThrows(CertificateException::class.java) {
                    Pins(usual, listOf(ByteArray(32))).checkServerTrusted(arrayOf(certificate), "RSA")
                }
            }
        }

    private fun selfSigned(folder: Path): KeyStore {
        val file = folder.resolve("store")
        val command =
            listOf(
                "${System.getProperty("java.home")}/bin/keytool",
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "RSA",
            ) +
                listOf("-dname", "CN=127.0.0.1", "-keystore", "$file", "-storepass", SECRET, "-storetype", "PKCS12")
        val process =
            ProcessBuilder(
                command,
            ).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start()
        check(
            process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0,
        ) { Files.readString(folder.resolve("log")) }
        val store = KeyStore.getInstance("PKCS12").apply { load(Files.newInputStream(file), SECRET.toCharArray()) }
        // As one that is trusted, too.
        store.setCertificateEntry("trusted", store.getCertificate("server"))
        return store
    }

    private fun request(
        url: String,
        method: String = "GET",
        body: ByteArray = ByteArray(0),
        headers: List<HttpHeader> = emptyList(),
        longest: UInt = 1_000_000u,
        deadline: UInt = 10_000u,
    ) = HttpRequest(method, url, headers, body, longest, deadline, emptyList())

    private fun HttpExchange.answer(
        status: Int,
        body: ByteArray,
    ) {
        sendResponseHeaders(status, if (body.isEmpty()) -1 else body.size.toLong())
        runCatching { responseBody.write(body) }
        close()
    }

    private fun serving(
        handler: (HttpExchange) -> Unit,
        block: suspend (String) -> Unit,
    ) {
        val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
        val threads = Executors.newCachedThreadPool()
        server.executor = threads
        server.createContext("/") { handler(it) }
        server.start()
        try {
            suspending { block("http://127.0.0.1:${server.address.port}/") }
        } finally {
            server.stop(0)
            threads.shutdownNow()
        }
    }

    private inline fun <reified E : HttpException> refuses(block: () -> Unit) {
        val failure = runCatching(block).exceptionOrNull()
        assertTrue(failure is E, "$failure")
    }

    private companion object {
        const val SECRET = "not a secret"
    }
}
