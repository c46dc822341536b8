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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * The directory of a drill: everything in it is removed at the end. Its mode is 0711, because the PostgreSQL server may run
 * as another user. It is never
 * inside of a place of production, nor contains one.
 */
public final class DrillDirectory implements Closeable {
    private final Path directory;
    private final boolean keep;

    private DrillDirectory(Path directory, boolean keep) {
        this.directory = directory;
        this.keep = keep;
    }

    /**
     * Creates the directory.
     *
     * @throws IllegalArgumentException if it is not empty, or overlaps with a place of the profile
     */
    public static DrillDirectory create(Path requested, Profile profile, boolean keep) throws IOException {
        Path wanted = requested.toAbsolutePath().normalize();
        refuseOverlap(wanted, profile);
        if (!Files.exists(wanted, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(
                    wanted, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
        }
        // Of what exists now: a link may lead into a place of production.
        Path real = wanted.toRealPath();
        refuseOverlap(real, profile);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(real)) {
            if (files.iterator().hasNext()) {
                throw new IllegalArgumentException(real + " is not empty; a drill needs a directory of its own");
            }
        }
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rwx--x--x"));
        return new DrillDirectory(real, keep);
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
                        + ", which the profile names: use another" + " directory");
            }
        }
    }

    public Path path() {
        return directory;
    }

    @Override
    public void close() throws IOException {
        if (!keep) {
            Trees.delete(directory);
        }
    }
}
