package io.veloz.wal.backup.internal.assess;

import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.postgres.StagedDatabases;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/** What recoveries have staged and neither put in place nor removed. Stateless. */
public final class Leftovers {
    private Leftovers() {}

    /**
     * Returns the paths of staged directories and files, and the names of staged databases. A server that does not answer has
     * none.
     *
     * @throws IOException if a directory cannot be listed
     */
    public static List<String> of(Profile profile) throws IOException {
        TreeSet<Path> places = new TreeSet<>();
        profile.trees().values().forEach(tree -> places.addAll(tree.roots()));
        profile.engine().ifPresent(engine -> places.add(engine.logDirectory()));
        List<String> left = new ArrayList<>();
        for (Path place : places) {
            Path parent = place.getParent();
            if (parent != null && Files.isDirectory(parent)) {
                addStagingOf(place, parent, left);
            }
        }
        if (profile.database().isPresent()) {
            StagedDatabases.of(profile.database().get()).forEach(name -> left.add("database " + name));
        }
        return left;
    }

    private static void addStagingOf(Path place, Path parent, List<String> left) throws IOException {
        String begin = "." + Objects.requireNonNull(place.getFileName()) + ".";
        try (DirectoryStream<Path> files = Files.newDirectoryStream(
                parent, file -> file.getFileName().toString().startsWith(begin) && Places.isStaging(file))) {
            files.forEach(file -> left.add(file.toString()));
        }
    }
}
