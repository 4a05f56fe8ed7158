package org.countersign.jvm

import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withTimeout
import org.countersign.ffi.HttpClient
import org.countersign.ffi.HttpException
import org.countersign.ffi.HttpRequest
import org.countersign.ffi.HttpResponse
import java.io.IOException
import java.net.ConnectException
import java.net.URI
import java.net.UnknownHostException
import java.net.http.HttpTimeoutException
import java.nio.channels.UnresolvedAddressException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.ConcurrentHashMap
import javax.net.ssl.SSLException
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import java.net.http.HttpClient as JavaClient
import java.net.http.HttpRequest as JavaRequest

/**
 * The network through Java's own client, for desktops and servers; Android has none of it and needs another one.
 *
 * No redirects, no cookies, no cache; proxies as the person set them for Java. With [allowLoopbackHttp] it also speaks plain
 * HTTP, to loopback addresses alone.
 */
public class JavaHttpClient(
    private val allowLoopbackHttp: Boolean = false,
) : HttpClient {
    // Pins are part of a connection: requests with other ones must not share it.
    private val clients = ConcurrentHashMap<Set<String>, JavaClient>()

    override suspend fun send(request: HttpRequest): HttpResponse {
        val prepared = prepare(request)
        val client = clients.getOrPut(request.pins.mapTo(HashSet(), ::hex)) { client(request.pins) }
        try {
            return withTimeout(request.deadlineMs.toLong()) {
                val limit = request.longestAnswer.toInt().coerceAtLeast(0)
                val answer = client.sendAsync(prepared) { LimitedBody(limit) }.await()
                HttpResponse(answer.statusCode().toUShort(), answer.body())
            }
        } catch (_: TimeoutCancellationException) {
            throw HttpException.TimedOut()
        } catch (failure: IOException) {
            throw declared(failure)
        }
    }

    private fun prepare(request: HttpRequest): JavaRequest {
        val uri =
            try {
                URI(request.url)
            } catch (_: java.net.URISyntaxException) {
                throw HttpException.Failed()
            }
        val isPlain = uri.scheme == "http" && allowLoopbackHttp && isLoopback(uri.host.orEmpty())
        if (uri.scheme != "https" && !isPlain) throw HttpException.NotTrusted()
        val body =
            when {
                request.body.isEmpty() -> JavaRequest.BodyPublishers.noBody()
                else -> JavaRequest.BodyPublishers.ofByteArray(request.body)
            }
        val builder =
            JavaRequest
                .newBuilder(uri)
                .timeout(Duration.ofMillis(request.deadlineMs.toLong().coerceAtLeast(1)))
                .method(request.method, body)
        request.headers.forEach { builder.header(it.name, it.value) }
        return builder.build()
    }

    private fun client(pins: List<ByteArray>): JavaClient {
        val builder = JavaClient.newBuilder().followRedirects(JavaClient.Redirect.NEVER)
        if (pins.isNotEmpty()) builder.sslContext(pinned(pins))
        return builder.build()
    }
}

private fun isLoopback(host: String) =
    host == "localhost" || host == "[::1]" || host.matches(Regex("""127(\.\d{1,3}){3}"""))

private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }

private suspend fun <T> CompletableFuture<T>.await(): T =
    suspendCancellableCoroutine { continuation ->
        continuation.invokeOnCancellation { cancel(true) }
        whenComplete { value, failure ->
            when (failure) {
                null -> continuation.resume(value)
                is CompletionException -> continuation.resumeWithException(failure.cause ?: failure)
                else -> continuation.resumeWithException(failure)
            }
        }
    }

private fun declared(failure: IOException): HttpException {
    val causes = generateSequence<Throwable>(failure) { it.cause }.take(10).toList()
    return when {
        causes.any { it is AnswerTooLong } -> {
            HttpException.TooLong()
        }

        causes.any { it is SSLException } -> {
            HttpException.NotTrusted()
        }

        causes.any { it is HttpTimeoutException } -> {
            HttpException.TimedOut()
        }

        causes.any { it is ConnectException || it is UnknownHostException || it is UnresolvedAddressException } -> {
            HttpException.Unreachable()
        }

        else -> {
            HttpException.Failed()
        }
    }
}
