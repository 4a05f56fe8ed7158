package org.countersign.testing

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.countersign.Authenticator

/** Where there is a `Looper` and this thread is the main one: says what blocks it, and what doesn't. */
object OnMainThread {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (vault) = arguments
        runBlocking {
            val refused = runCatching { Authenticator.create(vault, password(), platform(), Dispatchers.Unconfined) }
            println("${refused.exceptionOrNull()}")
            Authenticator.create(vault, password(), platform()).authenticator.use {
                it.accounts.add(draft("one"))
                println("${it.accounts.codes().size} code")
            }
        }
    }
}
