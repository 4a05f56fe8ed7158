package org.countersign

/** Android's main thread, where nothing may block. Elsewhere there is none. */
internal object MainThread {
    private val isCurrent: () -> Boolean =
        try {
            val looper = Class.forName("android.os.Looper")
            val (main, own) = looper.getMethod("getMainLooper") to looper.getMethod("myLooper")
            // Android's classes as an app's local tests have them throw instead.
            main(null)
            val check = { own(null).let { it != null && it === main(null) } }
            check
        } catch (_: ReflectiveOperationException) {
            { false }
        }

    /** Refuses to block it: a screen that hangs is a mistake in the app's choice of a dispatcher. */
    fun refuse() {
        check(!isCurrent()) {
            "this blocks and would freeze the screen: give the authenticator a dispatcher other than the main one"
        }
    }
}
