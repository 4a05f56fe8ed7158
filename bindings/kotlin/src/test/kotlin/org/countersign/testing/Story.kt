package org.countersign.testing

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout
import org.countersign.Authenticator
import org.countersign.ffi.DeviceInfo
import org.countersign.ffi.EnrollmentStatus
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PendingRequest
import org.countersign.ffi.PersonCheck
import org.countersign.ffi.Platform
import org.countersign.ffi.ScanEvent
import org.countersign.ffi.Scanned
import org.countersign.jvm.JavaHttpClient
import org.countersign.secretOf

/** Somebody with a phone, and the page that they sign in at. */
class Story(
    val authenticator: Authenticator,
    val server: DemoServer,
    val name: String = "ada",
) {
    val page = Page(server.address)
    lateinit var enrollment: String

    val approvals get() = authenticator.approvals

    /** An account with this phone, from the page's picture to the digits that are typed there. */
    suspend fun enroll(
        keys: NewKeys,
        check: PersonCheck = typed(),
    ) {
        page.signUp(name) { picture ->
            val enrolled = approvals.enroll(scan(picture), DEVICE, keys, check)
            enrollment = enrolled.id
            enrolled.digits
        }
        check(approvals.poll(enrollment).status == EnrollmentStatus.ACTIVE)
    }

    /** What a picture says, for the desk of approvals. */
    suspend fun scan(picture: Luma): String {
        val reading = authenticator.scanner().use { it.readPicture(picture.plane) }
        val found =
            reading.events
                .filterIsInstance<ScanEvent.Found>()
                .single()
                .scanned
        return when (found) {
            is Scanned.Invitation -> found.link
            is Scanned.OfflineChallenge -> found.link
            else -> error("not for approvals: $found")
        }
    }

    /** Begins a sign-in on the page and gives the request that comes of it. */
    suspend fun asked(): PendingRequest {
        page.signIn(name)
        approvals.poll(enrollment)
        return approvals.requests().single()
    }

    companion object {
        val DEVICE = DeviceInfo("Ada's phone", "Model 1", "Test OS 1", "Countersign test")

        fun typed(password: ByteArray = password()) = PersonCheck.Password(secretOf(password))
    }
}

/** One story against a service of its own, over Java's network. */
suspend fun <T> withStory(
    change: Platform.() -> Platform = { this },
    block: suspend (Story) -> T,
): T =
    DemoServer.start().use { server ->
        val http = JavaHttpClient(allowLoopbackHttp = true)
        withVault(platform { copy(http = http, allowLoopbackHttp = true).change() }) { block(Story(it, server)) }
    }

/** The first that fits of what a stream gives. */
suspend fun <T> Flow<T>.soon(fits: (T) -> Boolean): T = withTimeout(20_000) { first(fits) }
