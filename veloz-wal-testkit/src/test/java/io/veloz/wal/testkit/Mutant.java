package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * The log with a deliberate bug: the source of one or more classes is changed, compiled in memory, and loaded with a
 * second copy of all other classes. The product therefore needs no test switch. Immutable.
 */
final class Mutant {
    private static final Path SOURCES = Path.of("..", "veloz-wal-core", "src", "main", "java");

    private final Map<String, String> sources;

    /** The class to be changed next. */
    private final String className;

    private Mutant(Map<String, String> sources, String className) {
        this.sources = sources;
        this.className = className;
    }

    /** Creates a mutant without changes. */
    static Mutant of(String className) {
        return new Mutant(Map.of(), className).and(className);
    }

    /** Selects another class to be changed, starting from its current source. */
    Mutant and(String another) {
        Path file = SOURCES.resolve(another.replace('.', '/') + ".java");
        try {
            return withSource(another, Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Mutant withSource(String name, String source) {
        Map<String, String> changed = new HashMap<>(sources);
        changed.put(name, source);
        return new Mutant(Map.copyOf(changed), name);
    }

    /** Returns a mutant with one more change in the selected class. Line breaks and indentation are ignored. */
    Mutant with(String original, String replacement) {
        String pattern = java.util.regex.Pattern.quote(original.strip()).replaceAll("\\s+", "\\\\E\\\\s+\\\\Q");
        var matcher = java.util.regex.Pattern.compile(pattern).matcher(sources.get(className));
        assertThat(matcher.results().count())
                .as("places in %s with \"%s\"", className, original)
                .isEqualTo(1);
        return withSource(className, matcher.replaceFirst(java.util.regex.Matcher.quoteReplacement(replacement)));
    }

    /**
     * Runs a class of this package with the changed log. The class has a constructor without parameters. Its failures
     * are rethrown.
     */
    void run(Class<? extends Runnable> test) throws Exception {
        ClassLoader loader = new Loader(compile());
        var constructor = loader.loadClass(test.getName()).getDeclaredConstructor();
        constructor.setAccessible(true);
        try {
            ((Runnable) constructor.newInstance()).run();
        } catch (InvocationTargetException e) {
            throw new AssertionError(e.getCause());
        }
    }

    private Map<String, byte[]> compile() {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Map<String, ByteArrayOutputStream> classes = new HashMap<>();
        JavaFileManager files = new InMemory(compiler.getStandardFileManager(null, null, null), classes);
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> options = List.of("-classpath", path, "-proc:none", "--release", "17", "-nowarn");
        List<Source> units = sources.entrySet().stream()
                .map(entry -> new Source(entry.getKey(), entry.getValue()))
                .toList();
        boolean done = compiler.getTask(null, files, null, options, null, units).call();
        assertThat(done).as("the mutant compiles").isTrue();
        Map<String, byte[]> bytes = new HashMap<>();
        classes.forEach((name, out) -> bytes.put(name, out.toByteArray()));
        return bytes;
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String className, String text) {
            super(URI.create("string:///" + className.replace('.', '/') + ".java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> classes;

        InMemory(JavaFileManager files, Map<String, ByteArrayOutputStream> classes) {
            super(files);
            this.classes = classes;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("bytes:///" + name), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    classes.put(name, out);
                    return out;
                }
            };
        }
    }

    /** Loads all classes of the project again, with the changed bytes for some of them. */
    private static final class Loader extends ClassLoader {
        private final Map<String, byte[]> changed;

        Loader(Map<String, byte[]> changed) {
            super(Mutant.class.getClassLoader());
            this.changed = changed;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("io.veloz.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                byte[] bytes = changed.containsKey(name) ? changed.get(name) : original(name);
                return defineClass(name, bytes, 0, bytes.length);
            }
        }

        private byte[] original(String name) throws ClassNotFoundException {
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                return in.readAllBytes();
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }
}
