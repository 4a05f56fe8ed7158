package org.countersign.testing

import java.net.URI
import java.net.URLEncoder
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.Base64

/** A person's browser on the demo's pages: it keeps cookies, sends forms, and sees what stands there. */
class Page(
    private val address: URI,
) {
    private val client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()
    private val cookies = mutableMapOf<String, String>()

    /** Where it is. */
    var at = URI("/")
        private set
    private var html = ""

    /** The page's heading. */
    val title: String get() = find("""<h1>(.*?)</h1>""")

    /** Its whole text as sent. */
    val source: String get() = html

    fun go(path: String) = apply { load(request(path).GET().build()) }

    /** Loads again what it is at. */
    fun reload() = go(at.path)

    /** Sends the form that goes to an address that ends so, with its hidden fields and these. */
    fun send(
        action: String,
        vararg fields: Pair<String, String>,
    ) = apply {
        val form = FORM.findAll(html).first { it.groupValues[1].endsWith(action) }
        val hidden = HIDDEN.findAll(form.value).map { it.groupValues[1] to it.groupValues[2] }
        val body = (hidden.toList() + fields).joinToString("&") { (name, value) -> "$name=${encode(value)}" }
        val request = request(form.groupValues[1]).header("Content-Type", "application/x-www-form-urlencoded")
        load(request.POST(BodyPublishers.ofString(body)).build())
    }

    /** The six digits of a question. */
    val digits: String get() = find("""class="digits"[^>]*aria-label="([^"]*)"""").replace(" ", "")

    /** The picture of a QR code on the page, as a camera sees it. */
    val code: Luma
        get() {
            val svg = find("""<img class="qr[^>]*base64,([^"]*)"""")
            return drawn(String(Base64.getDecoder().decode(svg)))
        }

    /** A new account with a phone: [enroll] is given the page's picture and gives the six digits. */
    inline fun signUp(
        name: String,
        enroll: (Luma) -> String,
    ) {
        go("/sign-up").send("/sign-up", "name" to name)
        check(title == "Add your phone") { title }
        val digits = enroll(code)
        send("/phone", "digits" to digits)
        check(title == "Hello, $name") { title }
    }

    /** Begins a sign-in; the page shows its digits. */
    fun signIn(name: String) =
        apply {
            cookies.clear()
            go("/").send("/sign-in", "name" to name)
            check(title == "Approve on your phone") { source }
        }

    private fun request(path: String): HttpRequest.Builder {
        val request = HttpRequest.newBuilder(address.resolve(at).resolve(path)).timeout(PATIENCE)
        if (cookies.isNotEmpty()) request.header("Cookie", cookies.map { "${it.key}=${it.value}" }.joinToString("; "))
        return request
    }

    private fun load(first: HttpRequest) {
        var answer = client.send(first, BodyHandlers.ofString())
        repeat(5) {
            keep(answer.headers().allValues("set-cookie"))
            val next = answer.headers().firstValue("location")
            if (next.isEmpty) return@repeat
            answer = client.send(request(next.get()).GET().build(), BodyHandlers.ofString())
        }
        at = answer.uri()
        html = answer.body()
    }

    private fun keep(set: List<String>) {
        for (cookie in set) {
            val (name, value) = cookie.substringBefore(';').split("=", limit = 2)
            cookies[name] = value
        }
    }

    private fun find(pattern: String): String {
        val found = Regex(pattern, RegexOption.DOT_MATCHES_ALL).find(html)
        return checkNotNull(found) { "no $pattern in $html" }.groupValues[1]
    }

    private fun encode(text: String) = URLEncoder.encode(text, Charsets.UTF_8)

    private companion object {
        val PATIENCE: Duration = Duration.ofSeconds(20)
        val FORM = Regex("""<form[^>]*action="([^"]*)".*?</form>""", RegexOption.DOT_MATCHES_ALL)
        val HIDDEN = Regex("""<input type="hidden" name="([^"]*)" value="([^"]*)">""")
    }
}
