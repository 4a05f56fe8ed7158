package org.countersign

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.countersign.testing.password
import org.countersign.testing.withStory
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path

class EmbeddingTest {
    @Test
    fun `the guide's authenticator is the one that is compiled here`() {
        val source = Files.readString(Path.of("src/test/kotlin/org/countersign/AcmeAuthenticator.kt"))
        val example = source.substringAfter("// --- docs/embedding.md\n").substringBefore("// --- end")
        val guide = Files.readString(Path.of("../../docs/embedding.md"))
        assertEquals(example, guide.substringAfter("```kotlin\n").substringBefore("```"))
    }

    @Test
    fun `an app's own authenticator enrols at its server and approves`() =
        runBlocking {
            withStory { story ->
                val acme = AcmeAuthenticator(story.authenticator, story.server.address.authority)
                story.page.signUp("ada") { picture -> acme.enroll(story.scan(picture), password()) }
                story.page.signIn("ada")
                val request = withTimeout(20_000) { acme.waiting().first { it.isNotEmpty() }.single() }
                assertTrue(acme.approve(request, story.page.digits, password()))

                val elsewhere = AcmeAuthenticator(story.authenticator, "acme.example")
                story.page.go("/sign-up").send("/sign-up", "name" to "bob")
                val invitation = story.scan(story.page.code)
                assertThrows(IllegalArgumentException::class.java) {
                    runBlocking { elsewhere.enroll(invitation, password()) }
                }
                Unit
            }
        }
}
