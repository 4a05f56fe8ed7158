package org.countersign

import org.countersign.ffi.Confirmation
import org.countersign.ffi.NewKeys
import org.countersign.ffi.Platform
import org.countersign.jvm.JavaHttpClient
import org.countersign.testing.DemoServer
import org.countersign.testing.JcaSigner
import org.countersign.testing.Midway
import org.countersign.testing.Story
import org.countersign.testing.inFolder
import org.countersign.testing.javaProcess
import org.countersign.testing.password
import org.countersign.testing.suspending
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Path

class RestartTest {
    @Test
    fun `a process that was killed after it signed sends the answer when it starts anew`() =
        suspending {
            inFolder { folder ->
                DemoServer.start().use { server ->
                    val vault = "$folder/vault"
                    val made = Authenticator.create(vault, password(), network(folder))
                    val story = Story(made.authenticator, server)
                    made.authenticator.use {
                        story.enroll(NewKeys.PLATFORM)
                        story.asked()
                    }
                    val process =
                        javaProcess(Midway::class.java.name, vault, "$folder", story.enrollment, story.page.digits)
                    val said = process.inputReader().readLine()
                    process.destroyForcibly().waitFor()
                    assertEquals("signed", said)
                    assertEquals("Approve on your phone", story.page.reload().title, "nothing was sent yet")

                    Authenticator.open(vault, network(folder)).use { authenticator ->
                        authenticator.unlock(password())
                        val unconfirmed =
                            authenticator.approvals
                                .history()
                                .single()
                                .confirmation
                        assertEquals(Confirmation.Unconfirmed, unconfirmed)
                        val sent = authenticator.approvals.resend(story.enrollment).confirmed
                        assertEquals(Confirmation.Approved, sent.single().confirmation)
                        assertTrue(authenticator.approvals.requests().isEmpty())
                    }
                    story.page.reload().send("/finish")
                    assertEquals("Hello, ada", story.page.title)
                }
            }
        }

    private fun network(folder: Path) =
        Platform(
            http = JavaHttpClient(allowLoopbackHttp = true),
            deviceSigner = JcaSigner(folder),
            allowLoopbackHttp = true,
            leastPasswordWork = true,
        )
}
