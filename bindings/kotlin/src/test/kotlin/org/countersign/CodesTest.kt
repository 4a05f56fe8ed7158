package org.countersign

import org.countersign.ffi.AccountFilter
import org.countersign.ffi.ApiException
import org.countersign.ffi.OtpAlgorithm
import org.countersign.ffi.OtpKind
import org.countersign.testing.CommandLine
import org.countersign.testing.SetClock
import org.countersign.testing.draft
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class CodesTest {
    @Test
    fun `counter codes are those of RFC 4226`() =
        suspending {
            withVault { authenticator ->
                val id = authenticator.accounts.add(draft("hotp", OtpKind.HOTP))
                val codes = List(RFC_4226.size) { authenticator.accounts.code(id).code }
                assertEquals(RFC_4226, codes)
                assertEquals(
                    10uL,
                    authenticator.accounts
                        .get(id)
                        .otp.counter,
                )
            }
        }

    @Test
    fun `time codes are those of RFC 6238, for each hash`() =
        suspending {
            val clock = SetClock(0)
            withVault(platform { copy(clock = clock) }) { authenticator ->
                val ids =
                    SECRETS.map { (algorithm, secret) ->
                        authenticator.accounts.add(
                            draft("$algorithm", digits = 8, algorithm = algorithm, secret = secret),
                        )
                    }
                for ((seconds, codes) in RFC_6238) {
                    clock.now.set(seconds * 1000)
                    assertEquals(codes, authenticator.accounts.codesOf(ids).map { it.code }, "at $seconds")
                    assertEquals(
                        codes.sorted(),
                        authenticator.accounts
                            .codes()
                            .map { it.code }
                            .sorted(),
                    )
                }
            }
        }

    @Test
    fun `a draft shows its code before it is added`() {
        assertEquals("94287082", draft("early", digits = 8).code(59_000))
    }

    @Test
    fun `a vault of the command line opens here, and one of here there`() =
        suspending {
            inFolder { folder ->
                val vault = folder.resolve("vault")
                CommandLine.run(vault, "init")
                val link = "otpauth://totp/There:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=There"
                CommandLine.run(vault, "add", "--secret-stdin", input = link)
                Authenticator.open("$vault", platform()).use { authenticator ->
                    refuses<ApiException.Locked>("locked") { authenticator.accounts.list() }
                    authenticator.unlock(password())
                    assertEquals(listOf("There"), authenticator.accounts.list().map { it.profile.issuer })
                    authenticator.accounts.add(draft("here"))
                }
                val listed = CommandLine.run(vault, "list")
                assertTrue("There" in listed && "here" in listed, listed)
                Authenticator.open("$vault", platform()).use { authenticator ->
                    authenticator.unlock(password())
                    assertEquals(2, authenticator.accounts.list(AccountFilter()).size)
                }
            }
        }

    private companion object {
        // Appendix D.
        val RFC_4226 =
            "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ")

        // Appendix B; its secrets are as long as the hash.
        val SECRETS =
            listOf(
                OtpAlgorithm.SHA1 to "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                OtpAlgorithm.SHA256 to "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA",
                OtpAlgorithm.SHA512 to
                    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" +
                    "GEZDGNBVGY3TQOJQGEZDGNA",
            )
        val RFC_6238 =
            listOf(
                59L to "94287082 46119246 90693936".split(" "),
                1_111_111_109L to "07081804 68084774 25091201".split(" "),
                1_111_111_111L to "14050471 67062674 99943326".split(" "),
                1_234_567_890L to "89005924 91819424 93441116".split(" "),
                2_000_000_000L to "69279037 90698825 38618901".split(" "),
                20_000_000_000L to "65353130 77737706 47863826".split(" "),
            )
    }
}
