package org.countersign.jvm

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.http.HttpResponse.BodySubscriber
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Flow

/** The answer is longer than allowed. */
internal class AnswerTooLong : IOException("the answer is too long")

/** Takes a body of at most [limit] bytes, and hangs up on a longer one while it comes. */
internal class LimitedBody(
    private val limit: Int,
) : BodySubscriber<ByteArray> {
    private val whole = CompletableFuture<ByteArray>()
    private val bytes = ByteArrayOutputStream()
    private var subscription: Flow.Subscription? = null

    override fun getBody(): CompletionStage<ByteArray> = whole

    override fun onSubscribe(subscription: Flow.Subscription) {
        this.subscription = subscription
        subscription.request(Long.MAX_VALUE)
    }

    override fun onNext(buffers: List<ByteBuffer>) {
        for (buffer in buffers) {
            if (whole.isDone) return
            if (buffer.remaining() > limit - bytes.size()) {
                subscription?.cancel()
                whole.completeExceptionally(AnswerTooLong())
                return
            }
            val part = ByteArray(buffer.remaining())
            buffer.get(part)
            bytes.write(part, 0, part.size)
        }
    }

    override fun onError(failure: Throwable) {
        whole.completeExceptionally(failure)
    }

    override fun onComplete() {
        whole.complete(bytes.toByteArray())
    }
}
