package org.countersign

// The example of README.md: what stands between the two lines is the same there, which a test sees to.
// --- example
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.countersign.ffi.ApiException
import org.countersign.ffi.Platform
import org.countersign.ffi.Scanned

fun example(
    path: String,
    password: ByteArray,
    platform: Platform,
) = runBlocking {
    val (authenticator, recovery) = Authenticator.create(path, password, platform)
    println("Write this down, it is shown once: ${recovery.show().length} characters")
    authenticator.use {
        val link = "otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example"
        when (val scanned = it.readText(link.toByteArray())) {
            is Scanned.Account -> it.accounts.add(scanned.draft)
            else -> error("not an account")
        }
        // On a screen: collect it for as long as it is shown.
        val codes = it.accounts.codeStream().first()
        println("${it.accounts.get(codes.single().id).profile.issuer}: ${codes.single().code.length} digits")

        it.lock()
        try {
            it.unlock("not the password".toByteArray())
        } catch (failure: ApiException.WrongPassword) {
            println("${failure.remaining} tries left")
        }
    }
}
// --- end of the example
