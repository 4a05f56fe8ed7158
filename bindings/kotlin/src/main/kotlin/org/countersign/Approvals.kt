package org.countersign

import kotlinx.coroutines.flow.Flow
import org.countersign.ffi.DeviceInfo
import org.countersign.ffi.Enrolled
import org.countersign.ffi.EnrollmentInfo
import org.countersign.ffi.EnrollmentStatus
import org.countersign.ffi.HistoryEntry
import org.countersign.ffi.InvitationPreview
import org.countersign.ffi.NewKeys
import org.countersign.ffi.OfflineCode
import org.countersign.ffi.PendingRequest
import org.countersign.ffi.PersonCheck
import org.countersign.ffi.Polled
import org.countersign.ffi.PushAddress
import org.countersign.ffi.Resent
import org.countersign.ffi.UnfinishedEnrollment
import org.countersign.ffi.Approvals as FfiApprovals

/**
 * The desk for approvals. Polling, denying and reporting work while the vault is locked, where the inbox is open
 * ([Authenticator.openInbox]); everything else needs it unlocked.
 *
 * What is signed is stored before it is sent, and sent again until the server has said something that counts. A call that is
 * cancelled before anything is signed has done nothing.
 */
public class Approvals internal constructor(
    private val handle: Handle<FfiApprovals>,
    private val calls: Calls,
    changes: Changes,
    now: () -> Long,
) {
    private val stream = RequestStream(this, handle, calls, changes, now)

    /** All enrolments, by server and account; those of a restored backup say that they are to be renewed. */
    public suspend fun enrollments(): List<EnrollmentInfo> = calls.blocking { handle.use { it.enrollments() } }

    /** The requests that may be answered now, the one that ends first at the top. */
    public suspend fun requests(): List<PendingRequest> = calls.blocking { handle.use { it.requests() } }

    /**
     * The requests as they come and go. While it is collected servers are asked: at once, then every few seconds, and when
     * [pull] or [woken] say so. It ends when the vault is locked and the inbox is not open. Servers that can't be reached
     * are asked again, more and more seldom; that they can't is no failure of the stream.
     */
    public fun requestStream(): Flow<List<PendingRequest>> = stream.flow()

    /** The person asks for everything now: whoever collects [requestStream] asks every server at once. */
    public suspend fun pull(): Unit = stream.pull()

    /** An enrolment is to be asked now: whoever collects [requestStream] does it. */
    public suspend fun woken(enrollment: String): Unit = stream.woken(enrollment)

    /** What was decided, the latest first: at most 50 answers of each enrolment. */
    public suspend fun history(): List<HistoryEntry> = calls.blocking { handle.use { it.history() } }

    /** Forgets what was decided; what isn't confirmed is still sent, and stays until it is. */
    public suspend fun clearHistory(): Unit = calls.blocking { handle.use { it.clearHistory() } }

    /** The person wants to hear of this server's requests again: of all enrolments there. */
    public suspend fun unmute(enrollment: String): Unit = calls.blocking { handle.use { it.unmute(enrollment) } }

    /** Takes a challenge that was scanned from the page, to be answered by [approveOffline] alone. */
    public suspend fun scanChallenge(text: String): PendingRequest =
        calls.blocking { handle.use { it.scanChallenge(text) } }

    /** Notes a wake-up by the 16 bytes that it carries: gives the enrolment to poll now, if it is one of ours. */
    public suspend fun wake(tag: ByteArray): String? = calls.blocking { handle.use { it.wake(tag) } }

    /** What an invitation says, before anything is fetched. */
    public suspend fun previewInvitation(text: String): InvitationPreview =
        calls.blocking { handle.use { it.previewInvitation(text) } }

    /** Enrols this device, after the person has seen the invitation's host and said yes. */
    public suspend fun enroll(
        invitation: String,
        device: DeviceInfo,
        keys: NewKeys,
        check: PersonCheck,
        push: PushAddress = PushAddress.Nowhere,
    ): Enrolled =
        calls.waiting { operation -> handle.use { it.enroll(invitation, device, push, keys, check, operation) } }

    /** The enrolments that were begun and not finished: after a crash, or without a network. */
    public suspend fun unfinishedEnrollments(): List<UnfinishedEnrollment> =
        calls.blocking { handle.use { it.unfinishedEnrollments() } }

    /** Goes on with an enrolment that wasn't finished; what was signed is sent again as it is. */
    public suspend fun resumeEnrollment(
        id: String,
        check: PersonCheck,
    ): Enrolled = calls.waiting { operation -> handle.use { it.resumeEnrollment(id, check, operation) } }

    /** Gives up an enrolment that wasn't finished, and deletes its keys. */
    public suspend fun abandonEnrollment(id: String): Unit =
        calls.waiting { operation -> handle.use { it.abandonEnrollment(id, operation) } }

    /** Approves a request, after the person has seen all of it, with what they found on the page. */
    public suspend fun approve(
        request: PendingRequest,
        code: String? = null,
        check: PersonCheck? = null,
    ): HistoryEntry =
        calls.waiting { operation ->
            handle.use { it.approve(request.enrollment, request.id, code, check, operation) }
        }

    /** Turns a request down. */
    public suspend fun deny(request: PendingRequest): HistoryEntry =
        calls.waiting { operation -> handle.use { it.deny(request.enrollment, request.id, operation) } }

    /** "It wasn't me": the server freezes the enrolment until its operator has looked. */
    public suspend fun report(request: PendingRequest): HistoryEntry =
        calls.waiting { operation -> handle.use { it.report(request.enrollment, request.id, operation) } }

    /** The digits that approve a scanned request: the person types them into the page, which needs no network. */
    public suspend fun approveOffline(
        request: PendingRequest,
        check: PersonCheck,
    ): OfflineCode =
        calls.waiting { operation ->
            handle.use { it.approveOffline(request.enrollment, request.id, check, operation) }
        }

    /** Asks an enrolment's server where it stands and what it asks; sends before what isn't confirmed. */
    public suspend fun poll(enrollment: String): Polled =
        calls.waiting { operation -> handle.use { it.poll(enrollment, operation) } }

    /** Sends what isn't confirmed once more, byte for byte, until nothing is left. */
    public suspend fun resend(
        enrollment: String,
        check: PersonCheck? = null,
    ): Resent = calls.waiting { operation -> handle.use { it.resend(enrollment, check, operation) } }

    /** Tells the server where this device wants to be woken from now on. */
    public suspend fun setPushAddress(
        enrollment: String,
        push: PushAddress,
    ): EnrollmentStatus = calls.waiting { operation -> handle.use { it.setPushAddress(enrollment, push, operation) } }

    /** Gives an enrolment new keys. Both old and new ones are kept until the server has confirmed. */
    public suspend fun rotateKeys(
        enrollment: String,
        keys: NewKeys,
        check: PersonCheck,
    ): EnrollmentStatus =
        calls.waiting { operation -> handle.use { it.rotateKeys(enrollment, keys, check, operation) } }

    /** Ends an enrolment at its server, then forgets it here. */
    public suspend fun unenroll(
        enrollment: String,
        check: PersonCheck,
    ): Unit = calls.waiting { operation -> handle.use { it.unenroll(enrollment, check, operation) } }

    /** Forgets an enrolment on this device for good, and deletes its keys. At the server it stays. */
    public suspend fun forget(enrollment: String): Unit =
        calls.waiting { operation -> handle.use { it.forget(enrollment, operation) } }

    /** Forgets enrolments that nobody confirmed within a day, and deletes their keys; gives back how many. */
    public suspend fun sweep(): UInt = calls.waiting { operation -> handle.use { it.sweep(operation) } }
}
