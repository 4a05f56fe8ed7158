package org.countersign.jvm

import java.net.Socket
import java.security.KeyStore
import java.security.MessageDigest
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509ExtendedTrustManager

/** TLS that trusts what Java trusts, where one of these pins stands in the chain that the server has sent. */
internal fun pinned(pins: List<ByteArray>): SSLContext {
    val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    factory.init(null as KeyStore?)
    val usual = factory.trustManagers.filterIsInstance<X509ExtendedTrustManager>().first()
    return SSLContext.getInstance("TLS").apply { init(null, arrayOf(Pins(usual, pins)), null) }
}

/** RFC 7469 §2.4: SHA-256 of a subject public key info, looked for after everything else was found good. */
internal class Pins(
    private val usual: X509ExtendedTrustManager,
    private val pins: List<ByteArray>,
) : X509ExtendedTrustManager() {
    private fun look(chain: Array<X509Certificate>) {
        val digest = MessageDigest.getInstance("SHA-256")
        val keys = chain.map { digest.digest(it.publicKey.encoded) }
        if (keys.none { key -> pins.any { MessageDigest.isEqual(it, key) } }) {
            throw CertificateException("none of the pinned keys is in the chain")
        }
    }

    override fun checkServerTrusted(
        chain: Array<X509Certificate>,
        type: String,
        engine: SSLEngine,
    ) {
        usual.checkServerTrusted(chain, type, engine)
        look(chain)
    }

    override fun checkServerTrusted(
        chain: Array<X509Certificate>,
        type: String,
        socket: Socket,
    ) {
        usual.checkServerTrusted(chain, type, socket)
        look(chain)
    }

    override fun checkServerTrusted(
        chain: Array<X509Certificate>,
        type: String,
    ) {
        usual.checkServerTrusted(chain, type)
        look(chain)
    }

    override fun checkClientTrusted(
        chain: Array<X509Certificate>,
        type: String,
        engine: SSLEngine,
    ): Unit = throw CertificateException("this is no server")

    override fun checkClientTrusted(
        chain: Array<X509Certificate>,
        type: String,
        socket: Socket,
    ): Unit = throw CertificateException("this is no server")

    override fun checkClientTrusted(
        chain: Array<X509Certificate>,
        type: String,
    ): Unit = throw CertificateException("this is no server")

    override fun getAcceptedIssuers(): Array<X509Certificate> = usual.acceptedIssuers
}
