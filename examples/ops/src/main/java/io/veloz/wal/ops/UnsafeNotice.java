package io.veloz.wal.ops;

import java.lang.reflect.Field;

/**
 * Suppresses the warning that JDK 24 and later print when a library first uses sun.misc.Unsafe. Stateless.
 *
 * <p>The warning concerns the authors of the compression library, not the operator, and would be mixed with the output of the
 * tool. No manifest entry can disable it, so this sets the flag that it has already been printed. A JVM that denies such
 * uses still denies them.
 */
final class UnsafeNotice {
    private UnsafeNotice() {}

    static void silence() {
        try {
            Field warned = Class.forName("sun.misc.Unsafe").getDeclaredField("memoryAccessWarned");
            warned.setAccessible(true);
            warned.setBoolean(null, true);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Another JDK, which does not warn, or whose warning is then printed. Both are harmless.
            return;
        }
    }
}
