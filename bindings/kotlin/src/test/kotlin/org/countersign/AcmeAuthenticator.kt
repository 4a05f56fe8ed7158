package org.countersign

// --- docs/embedding.md
import org.countersign.ffi.Confirmation
import org.countersign.ffi.DeviceInfo
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PendingRequest
import org.countersign.ffi.PersonCheck

class AcmeAuthenticator(
    private val core: Authenticator,
    private val home: String,
) : AutoCloseable by core {
    /** Takes ACME's own invitations alone; gives the digits that the person types into its page. */
    suspend fun enroll(
        invitation: String,
        password: ByteArray,
    ): String {
        require(core.approvals.previewInvitation(invitation).host == home) { "not an invitation of ACME's" }
        val phone = DeviceInfo("Ada's phone", "Model 1", "Android 16", "ACME 1.0")
        return core.approvals.enroll(invitation, phone, NewKeys.SOFTWARE, typed(password)).digits
    }

    fun waiting() = core.approvals.requestStream()

    /** True once ACME has signed that it lets the person in. */
    suspend fun approve(
        request: PendingRequest,
        digits: String,
        password: ByteArray,
    ) = core.approvals.approve(request, digits, typed(password)).confirmation == Confirmation.Approved

    private fun typed(password: ByteArray) = PersonCheck.Password(secretOf(password))
}
// --- end
