package org.countersign.testing

import org.countersign.ffi.DeviceKey
import org.countersign.ffi.DeviceSigner
import org.countersign.ffi.KeyAttestation
import org.countersign.ffi.KeyPurpose
import org.countersign.ffi.KeyUse
import org.countersign.ffi.KeyWrapper
import org.countersign.ffi.PortException
import org.countersign.ffi.SignPrompt
import java.math.BigInteger
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec

/** P-256 of Java's own cryptography; with a folder its keys outlive the process. */
class JcaSigner(
    private val folder: Path? = null,
) : DeviceSigner {
    val keys = ConcurrentHashMap<String, PrivateKey>()
    val prompts = CopyOnWriteArrayList<SignPrompt>()

    override suspend fun make(
        purpose: KeyPurpose,
        challenge: ByteArray?,
    ): DeviceKey {
        val pair =
            KeyPairGenerator
                .getInstance(
                    "EC",
                ).apply { initialize(ECGenParameterSpec("secp256r1")) }
                .generateKeyPair()
        val point = (pair.public as ECPublicKey).w
        val name = "key-${pair.public.hashCode()}-${keys.size}"
        keys[name] = pair.private
        folder?.let { Files.write(it.resolve(name), pair.private.encoded) }
        val publicKey = byteArrayOf(4) + point.affineX.bytes32() + point.affineY.bytes32()
        return DeviceKey(name.toByteArray(), publicKey, inHardware = false)
    }

    override suspend fun sign(
        handle: ByteArray,
        message: ByteArray,
        prompt: SignPrompt?,
    ): ByteArray {
        prompt?.let { prompts += it }
        val key = find(String(handle)) ?: throw PortException.KeyGone()
        val signature = Signature.getInstance("SHA256withECDSA").apply { initSign(key) }
        return signature.apply { update(message) }.sign()
    }

    override suspend fun delete(handle: ByteArray) {
        keys.remove(String(handle))
        folder?.let { Files.deleteIfExists(it.resolve(String(handle))) }
    }

    override suspend fun attest(handle: ByteArray): KeyAttestation? = null

    private fun find(name: String): PrivateKey? =
        keys[name] ?: folder?.resolve(name)?.takeIf(Files::exists)?.let {
            KeyFactory.getInstance("EC").generatePrivate(PKCS8EncodedKeySpec(Files.readAllBytes(it)))
        }

    private fun BigInteger.bytes32(): ByteArray {
        val bytes = toByteArray().takeLast(32).toByteArray()
        return ByteArray(32 - bytes.size) + bytes
    }
}

/** A keystore in memory: AES-GCM under a key for each use. */
class SoftKeystore : KeyWrapper {
    private val random = SecureRandom()
    private val keys = KeyUse.entries.associateWith { ByteArray(32).also(random::nextBytes) }

    /** How often each was unwrapped. */
    val asked = CopyOnWriteArrayList<KeyUse>()

    override suspend fun wrap(
        keyUse: KeyUse,
        key: ByteArray,
    ): ByteArray {
        val nonce = ByteArray(12).also(random::nextBytes)
        return nonce + cipher(Cipher.ENCRYPT_MODE, keyUse, nonce).doFinal(key)
    }

    override suspend fun unwrap(
        keyUse: KeyUse,
        wrapped: ByteArray,
    ): ByteArray {
        asked += keyUse
        val nonce = wrapped.copyOf(12)
        try {
            return cipher(Cipher.DECRYPT_MODE, keyUse, nonce).doFinal(wrapped, 12, wrapped.size - 12)
        } catch (_: AEADBadTagException) {
            throw PortException.KeyGone()
        }
    }

    private fun cipher(
        mode: Int,
        keyUse: KeyUse,
        nonce: ByteArray,
    ) = Cipher.getInstance("AES/GCM/NoPadding").apply {
        init(mode, SecretKeySpec(keys.getValue(keyUse), "AES"), GCMParameterSpec(128, nonce))
    }
}
