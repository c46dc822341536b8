package io.veloz.wal.archive.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The library in a class loader of an application server, called by a thread with another context class loader. */
@Timeout(60)
class NestedClassLoaderTest {
    @TempDir
    Path dir;

    private static URLClassLoader library() {
        URL[] path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> {
                    try {
                        return Path.of(entry).toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalArgumentException(e);
                    }
                })
                .toArray(URL[]::new);
        return new URLClassLoader(path, ClassLoader.getPlatformClassLoader());
    }

    private static <T> T calledWith(ClassLoader context, Callable<T> task) throws Exception {
        FutureTask<T> result = new FutureTask<>(task);
        Thread thread = new Thread(result, "foreign");
        thread.setContextClassLoader(context);
        thread.start();
        return result.get();
    }

    @SuppressWarnings("unchecked")
    private Object shipAndRestore(ClassLoader library) throws Exception {
        Class<?> circle = library.loadClass(SmallCircle.class.getName());
        assertThat(circle).isNotSameAs(SmallCircle.class);
        return ((Function<Path, Object>) circle.getConstructor().newInstance()).apply(dir);
    }

    @Test
    void archiveIsFoundWithAForeignContextClassLoader() throws Exception {
        try (URLClassLoader library = library();
                URLClassLoader foreign = new URLClassLoader(new URL[0], ClassLoader.getPlatformClassLoader())) {
            assertThat(calledWith(foreign, () -> shipAndRestore(library))).isEqualTo(20L);
        }
    }

    @Test
    void anotherCopyOfTheLibraryInTheContextIsIgnored() throws Exception {
        try (URLClassLoader library = library()) {
            // The context is this test's loader: its providers implement interfaces of another copy.
            ClassLoader context = NestedClassLoaderTest.class.getClassLoader();
            assertThat(calledWith(context, () -> shipAndRestore(library))).isEqualTo(20L);
        }
    }
}
