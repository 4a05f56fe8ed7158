package org.countersign

import org.countersign.ffi.ApiException
import org.countersign.ffi.Confirmation
import org.countersign.ffi.Decision
import org.countersign.ffi.EnrollmentStatus
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PageCode
import org.countersign.ffi.PersonCheck
import org.countersign.ffi.SignReason
import org.countersign.ffi.VerificationMethod
import org.countersign.testing.JcaSigner
import org.countersign.testing.Story
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.withStory
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PushStoryTest {
    @Test
    fun `keys of the platform enrol, approve, rotate, and go with the enrolment`() =
        suspending {
            val signer = JcaSigner()
            withStory({ copy(deviceSigner = signer) }) { story ->
                val approvals = story.approvals
                story.enroll(NewKeys.PLATFORM)
                assertEquals(2, signer.keys.size)

                val request = story.asked()
                assertEquals(PageCode.Digits(6u), request.code)
                val byFinger = PersonCheck.Platform(listOf(VerificationMethod.FINGERPRINT))
                val entry = approvals.approve(request, story.page.digits, byFinger)
                assertEquals(Confirmation.Approved, entry.confirmation)
                assertEquals(SignReason.APPROVE, signer.prompts.last().reason)
                story.page.reload().send("/finish")
                assertEquals("Hello, ${story.name}", story.page.title)

                val before = signer.keys.keys.toSet()
                assertEquals(
                    EnrollmentStatus.ACTIVE,
                    approvals.rotateKeys(story.enrollment, NewKeys.PLATFORM, byFinger),
                )
                assertEquals(2, signer.keys.size)
                assertTrue(signer.keys.keys.none { it in before }, "the old keys are gone")
                val again = story.asked()
                assertEquals(Confirmation.Approved, approvals.approve(again, story.page.digits, byFinger).confirmation)

                assertEquals(2, approvals.history().size)
                approvals.unenroll(story.enrollment, byFinger)
                assertEquals(0, approvals.enrollments().size)
                assertEquals(0, signer.keys.size)
            }
        }

    @Test
    fun `only the page's digits approve, and a payment the password too`() =
        suspending {
            withStory { story ->
                val approvals = story.approvals
                story.enroll(NewKeys.SOFTWARE)
                val request = story.asked()
                refuses<ApiException.InvalidInput>("code-needed") { approvals.approve(request) }
                val wrong =
                    story.page.digits
                        .map { if (it == '9') '0' else it + 1 }
                        .joinToString("")
                val refused = approvals.approve(request, wrong).confirmation
                assertTrue(refused is Confirmation.WrongCode, "$refused")
                approvals.poll(story.enrollment)
                val open = approvals.requests().single()
                val entry = approvals.approve(open, story.page.digits)
                assertEquals(Confirmation.Approved, entry.confirmation)
                assertEquals(Decision.APPROVE, entry.decision)
                story.page.reload().send("/finish")

                story.page.send("/pay", "payee" to "ACME", "amount" to "120.00")
                approvals.poll(story.enrollment)
                val payment = approvals.requests().single()
                assertTrue(payment.needsCheck)
                assertEquals(listOf("ACME", "120.00 €"), payment.details.map { it.value })
                refuses<ApiException.InvalidInput>("check-needed") { approvals.approve(payment, story.page.digits) }
                val other = Story.typed("wrong horse battery".toByteArray())
                refuses<ApiException.WrongPassword>("wrong-approval-password") {
                    approvals.approve(payment, story.page.digits, other)
                }
                val paid = approvals.approve(payment, story.page.digits, Story.typed())
                assertEquals(Confirmation.Approved, paid.confirmation)
                story.page.reload().send("/finish")
                assertTrue("Paid: 120.00 € to ACME." in story.page.source)
            }
        }

    @Test
    fun `deny and report, which freezes until the operator has looked`() =
        suspending {
            withStory { story ->
                val approvals = story.approvals
                story.enroll(NewKeys.SOFTWARE)
                assertEquals(Confirmation.Denied, approvals.deny(story.asked()).confirmation)
                assertTrue(
                    "denied" in
                        story.page
                            .reload()
                            .source
                            .lowercase(),
                )
                assertEquals(Confirmation.Reported, approvals.report(story.asked()).confirmation)
                assertEquals(EnrollmentStatus.FROZEN, approvals.poll(story.enrollment).status)
                story.server.tell("release ${story.name}")
                assertEquals(EnrollmentStatus.ACTIVE, approvals.poll(story.enrollment).status)
            }
        }

    @Test
    fun `a phone without a network approves by eight digits`() =
        suspending {
            withStory { story ->
                val approvals = story.approvals
                story.enroll(NewKeys.SOFTWARE)
                story.page.signIn(story.name)
                val question = story.page.at.path
                story.page.go("$question/offline")
                val request = approvals.scanChallenge(story.scan(story.page.code))
                assertTrue(request.byPicture)
                val answer = approvals.approveOffline(request, Story.typed())
                assertEquals(8, answer.digits.length)
                story.page.send("/offline", "digits" to answer.digits)
                assertEquals("Hello, ${story.name}", story.page.title)
            }
        }
}
