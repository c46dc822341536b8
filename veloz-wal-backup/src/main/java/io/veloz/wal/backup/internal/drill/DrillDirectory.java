package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The directory of a drill: everything in it is removed at the end. It is never inside of a place of production, nor contains
 * one.
 *
 * <p>Everything in it has mode 0700 or 0600: recovered secrets, the log, and the engine's output, which may repeat secrets.
 * The directory itself has mode 0711 if a drill runs as root, because the PostgreSQL server then runs as another user, and
 * 0700 else.
 */
public final class DrillDirectory implements Closeable {
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path directory;
    private final boolean created;
    private final boolean keep;

    private DrillDirectory(Path directory, boolean created, boolean keep) {
        this.directory = directory;
        this.created = created;
        this.keep = keep;
    }

    /**
     * Creates the directory, or uses an empty one.
     *
     * @throws IllegalArgumentException if it is not empty, or overlaps with a place of the profile
     */
    public static DrillDirectory create(Path requested, Profile profile, boolean keep) throws IOException {
        Path wanted = requested.toAbsolutePath().normalize();
        refuseOverlap(wanted, profile);
        boolean created = !Files.exists(wanted, LinkOption.NOFOLLOW_LINKS);
        if (created) {
            Files.createDirectories(wanted, PRIVATE_DIRECTORY);
        }
        // Of what exists now: a link may lead into a place of production.
        Path real = wanted.toRealPath();
        refuseOverlap(real, profile);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(real)) {
            if (files.iterator().hasNext()) {
                throw new IllegalArgumentException(real + " is not empty; a drill needs a directory of its own");
            }
        }
        boolean root = Files.getOwner(real).getName().equals("root");
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString(root ? "rwx--x--x" : "rwx------"));
        DrillDirectory made = new DrillDirectory(real, created, keep);
        for (Path part : List.of(made.log(), made.files(), made.home())) {
            Files.createDirectory(part, PRIVATE_DIRECTORY);
        }
        Files.createFile(made.engineOutput(), PRIVATE_FILE);
        return made;
    }

    private static void refuseOverlap(Path directory, Profile profile) throws IOException {
        List<Path> places = new ArrayList<>(List.of(profile.stateDirectory()));
        for (TreeSettings tree : profile.trees().values()) {
            places.addAll(tree.roots());
        }
        profile.engine().map(EngineSettings::logDirectory).ifPresent(places::add);
        for (Path place : places) {
            Path real = Files.exists(place) ? place.toRealPath() : place;
            if (directory.startsWith(real) || real.startsWith(directory) || directory.startsWith(place)) {
                throw new IllegalArgumentException("a drill in " + directory + " could change " + place
                        + ", which the profile names: use another directory");
            }
        }
    }

    public Path path() {
        return directory;
    }

    /** Returns the directory of the restored log. */
    public Path log() {
        return directory.resolve("wal");
    }

    /** Returns the directory of recovered files. */
    public Path files() {
        return directory.resolve("files");
    }

    /** Returns the directory of the PostgreSQL server, which does not exist before the server starts. */
    Path server() {
        return directory.resolve("pg");
    }

    /** Returns the home and working directory of the engine. */
    Path home() {
        return directory.resolve("home");
    }

    /** Returns the file of the engine's output. */
    Path engineOutput() {
        return directory.resolve("engine.output");
    }

    /** Removes everything in the directory, and the directory itself unless it existed before. */
    @Override
    public void close() throws IOException {
        if (keep) {
            return;
        }
        if (created) {
            Trees.delete(directory);
            return;
        }
        // It may be a mount point: a unit of systemd makes one of each writable directory.
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Trees.delete(file);
            }
        }
    }
}
