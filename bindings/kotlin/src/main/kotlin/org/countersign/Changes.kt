package org.countersign

import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import org.countersign.ffi.Change
import org.countersign.ffi.ChangeListener
import java.util.EnumSet

/** Tells those who listen what has changed. While nobody does, the library tells nobody. */
internal class Changes(
    private val listen: (ChangeListener?) -> Unit,
) {
    private val hub = Hub()

    /** Begins to listen; what changes from here on is kept, each kind once, until it is taken. */
    fun subscribe(): Subscription {
        val subscription = Subscription()
        synchronized(hub) {
            hub.subscriptions += subscription
            if (hub.subscriptions.size == 1) listen(hub)
        }
        return subscription
    }

    fun unsubscribe(subscription: Subscription) =
        synchronized(hub) {
            hub.subscriptions -= subscription
            if (hub.subscriptions.isEmpty()) listen(null)
        }

    /** Sets of what has changed, as they come. */
    fun asFlow(isClosed: () -> Boolean): Flow<Set<Change>> =
        flow {
            val subscription = subscribe()
            try {
                while (!isClosed()) emit(subscription.take())
            } finally {
                unsubscribe(subscription)
            }
        }

    /** What the library holds: it knows no authenticator, which would hold itself through it. */
    private class Hub : ChangeListener {
        @Volatile
        var subscriptions = emptyList<Subscription>()

        override fun changed(changes: List<Change>) = subscriptions.forEach { it.add(changes) }
    }

    internal class Subscription {
        private val signal = Channel<Unit>(Channel.CONFLATED)
        private val pending = EnumSet.noneOf(Change::class.java)

        fun add(changes: List<Change>) {
            synchronized(pending) { pending += changes }
            signal.trySend(Unit)
        }

        /** Looks again although nothing has changed. */
        fun nudge() {
            signal.trySend(Unit)
        }

        /** Waits for the next changes; none where it was nudged. */
        suspend fun take(): Set<Change> {
            signal.receive()
            return synchronized(pending) { EnumSet.copyOf(pending).also { pending.clear() } }
        }
    }
}
