package io.veloz.wal.ops;

import java.lang.reflect.Field;

/**
 * The notice that JDK 24 and later print at the first use of sun.misc.Unsafe, by whatever library. Stateless.
 *
 * <p>It concerns the makers of the compression library, not the operator, and would stand in the middle of what the
 * tool says. No manifest can switch it off, so the JVM is told that it has been printed already. A JVM that was told to
 * refuse such uses still refuses them.
 */
final class UnsafeNotice {
    private UnsafeNotice() {}

    static void silence() {
        try {
            Field told = Class.forName("sun.misc.Unsafe").getDeclaredField("memoryAccessWarned");
            told.setAccessible(true);
            told.setBoolean(null, true);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Another JDK, which prints no notice, or prints it all the same: nothing depends on it.
            return;
        }
    }
}
