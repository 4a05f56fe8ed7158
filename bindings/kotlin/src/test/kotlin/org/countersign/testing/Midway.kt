package org.countersign.testing

import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import org.countersign.Authenticator
import org.countersign.ffi.HttpClient
import org.countersign.ffi.HttpRequest
import org.countersign.ffi.PersonCheck
import org.countersign.ffi.Platform
import org.countersign.ffi.VerificationMethod
import org.countersign.jvm.JavaHttpClient
import java.io.File
import java.nio.file.Path

/** A phone that approves and gets as far as having signed. Its arguments: vault, folder of keys, enrolment, digits. */
object Midway {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (vault, keys, enrollment, digits) = arguments
        val signer = JcaSigner(Path.of(keys))
        val network = JavaHttpClient(allowLoopbackHttp = true)
        val untilSigned =
            object : HttpClient {
                override suspend fun send(request: HttpRequest) =
                    if (signer.prompts.isEmpty()) {
                        network.send(request)
                    } else {
                        println("signed")
                        awaitCancellation()
                    }
            }
        runBlocking {
            val platform =
                Platform(http = untilSigned, deviceSigner = signer, allowLoopbackHttp = true, leastPasswordWork = true)
            val approvals = Authenticator.open(vault, platform).apply { unlock(password()) }.approvals
            approvals.poll(enrollment)
            val check = PersonCheck.Platform(listOf(VerificationMethod.PIN))
            approvals.approve(approvals.requests().single(), digits, check)
        }
    }
}

/** A process with everything that this one has; what it complains of is seen. */
fun javaProcess(
    main: String,
    vararg arguments: String,
    alsoOn: Path? = null,
): Process {
    val classes = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
    val java = "${System.getProperty("java.home")}/bin/java"
    val libraries = "-Djna.library.path=${System.getProperty("jna.library.path")}"
    val path = listOfNotNull(classes, alsoOn?.toString()).joinToString(File.pathSeparator)
    return ProcessBuilder(listOf(java, "-Xmx128m", libraries, "-cp", path, main) + arguments)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
}
