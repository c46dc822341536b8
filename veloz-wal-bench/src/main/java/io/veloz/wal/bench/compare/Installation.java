package io.veloz.wal.bench.compare;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.NullMarked;

/**
 * Where the programs of this module and the peers are.
 *
 * @param ownClassPath the class path of this process
 * @param classes the classes of this module, without a manifest that would add its libraries
 * @param shared what every measuring process needs: HdrHistogram and jspecify
 * @param peers the directory with a Maven module for each peer
 * @param target the directory for what is built
 */
record Installation(String ownClassPath, Path classes, List<Path> shared, Path peers, Path target) {
    private static final String JAVA_CLASS_PATH = "java.class.path";

    /** Returns the installation that this process runs from. */
    static Installation current() {
        Path code = codeSource(Installation.class);
        Path target = code.resolveSibling("");
        Path classes = Files.isDirectory(code) ? code : target.resolve("classes");
        return new Installation(
                System.getProperty(JAVA_CLASS_PATH),
                classes,
                List.of(codeSource(Histogram.class), codeSource(NullMarked.class)),
                target.resolveSibling("peers"),
                target);
    }

    private static Path codeSource(Class<?> type) {
        return Path.of(URI.create(
                        type.getProtectionDomain().getCodeSource().getLocation().toString()))
                .toAbsolutePath()
                .normalize();
    }

    /** Returns why a log cannot be measured; empty if it can. */
    Optional<String> missing(ComparedLog log) throws IOException {
        if (!log.isPeer()) {
            return Optional.empty();
        }
        if (!Files.isDirectory(classes)) {
            return Optional.of(classes + " is missing; build it with mvn package");
        }
        Path directory = target(log);
        return jars(directory).isEmpty()
                ? Optional.of("not built: no jar in " + directory + "; build it with mvn -Ppeers package")
                : Optional.empty();
    }

    /** Returns the class path of the process that measures a log. A peer's has nothing of this project's log. */
    String classPath(ComparedLog log) throws IOException {
        if (!log.isPeer()) {
            return ownClassPath;
        }
        List<Path> entries = new ArrayList<>();
        entries.add(classes);
        entries.addAll(shared);
        entries.addAll(jars(target(log)));
        entries.addAll(jars(target(log).resolve("lib")));
        return entries.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    /** Returns the version of a peer's library, of the name of its file; empty if it has none. */
    Optional<String> version(ComparedLog log) throws IOException {
        if (!log.isPeer()) {
            return Optional.empty();
        }
        return jars(target(log).resolve("lib")).stream()
                .map(jar -> jar.getFileName().toString())
                .filter(name -> name.startsWith(log.library()))
                .map(name -> name.substring(log.library().length(), name.length() - ".jar".length()))
                .filter(version -> version.matches("[0-9].*"))
                .findFirst();
    }

    private Path target(ComparedLog log) {
        return peers.resolve(log.name()).resolve("target");
    }

    private static List<Path> jars(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }
}
