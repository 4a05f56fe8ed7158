package org.countersign.testing

import java.io.BufferedReader
import java.io.IOException
import java.net.URI
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** The demo's sign-in service, in a process of its own: `countersign demo --serve`. It ends when this is closed. */
class DemoServer private constructor(
    private val process: Process,
    private val said: LinkedBlockingQueue<String>,
    /** Where its pages are. */
    val address: URI,
) : AutoCloseable {
    /** Its process. */
    val handle: ProcessHandle get() = process.toHandle()

    /** Types a line as its operator and gives what is answered first. */
    fun tell(line: String): String {
        said.clear()
        process.outputStream.write("$line\n".toByteArray())
        process.outputStream.flush()
        return said.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: throw IOException("no answer to '$line'")
    }

    /** Asks it to stop, by ending its input; kills it if it doesn't. */
    override fun close() = end(process)

    companion object {
        private const val PATIENCE_SECONDS = 20L
        private val ADDRESS = Regex("""A sign-in service: (http://127\.0\.0\.1:\d+)""")

        /** Starts it on a free port and waits until it answers there. */
        fun start(): DemoServer {
            val process =
                ProcessBuilder(CommandLine.path.toString(), "demo", "--serve", "--port", "0")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start()
            try {
                val said = LinkedBlockingQueue<String>()
                val output = process.inputReader()
                thread(isDaemon = true, name = "demo server's output") { said.fill(output) }
                // It says where it is once it answers there, and then what its operator can do.
                val first = said.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: throw IOException("it said nothing")
                val address = ADDRESS.matchEntire(first) ?: throw IOException("it said '$first' first")
                val last = generateSequence { said.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) }
                last.find { it.trimStart().startsWith("quit ") } ?: throw IOException("it did not say how to stop it")
                return DemoServer(process, said, URI(address.groupValues[1]))
            } catch (failure: IOException) {
                end(process)
                throw failure
            }
        }

        private fun LinkedBlockingQueue<String>.fill(output: BufferedReader) =
            try {
                output.forEachLine { put(it) }
            } catch (_: IOException) {
                // It was killed.
            }

        private fun end(process: Process) {
            process.outputStream.close()
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor()
            }
        }
    }
}
