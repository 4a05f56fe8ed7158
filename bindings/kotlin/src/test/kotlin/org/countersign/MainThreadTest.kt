package org.countersign

import org.countersign.testing.OnMainThread
import org.countersign.testing.inFolder
import org.countersign.testing.javaProcess
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import javax.tools.ToolProvider

class MainThreadTest {
    @Test
    fun `a blocking call on Android's main thread is refused, one beside it works`() =
        inFolder { folder ->
            val looper = folder.resolve("android/os/Looper.java")
            Files.createDirectories(looper.parent)
            Files.write(looper, LOOPER.toByteArray())
            assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "$looper"))
            val process = javaProcess(OnMainThread::class.java.name, "$folder/vault", alsoOn = folder)
            val said = process.inputReader().readLines()
            assertTrue(process.waitFor(20, TimeUnit.SECONDS))
            assertTrue(said.first().startsWith("java.lang.IllegalStateException: this blocks"), "$said")
            assertEquals("1 code", said.last())
        }

    @Test
    fun `elsewhere no thread is the main one`() = MainThread.refuse()

    private companion object {
        // Compiled into a process of its own: here nobody must see it.
        const val LOOPER =
            """
            package android.os;
            public class Looper {
                private static final Looper MAIN = new Looper();
                private static final Thread THREAD = Thread.currentThread();
                public static Looper getMainLooper() { return MAIN; }
                public static Looper myLooper() { return Thread.currentThread() == THREAD ? MAIN : null; }
            }
            """
    }
}
