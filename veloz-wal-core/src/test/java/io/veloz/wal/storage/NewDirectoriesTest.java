package io.veloz.wal.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalOpenException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** S5: a new directory is durable before a log is created in it, and so before the first acknowledgement. */
class NewDirectoriesTest {
    @TempDir
    Path parent;

    /** The directories that were forced, with their content at that moment. */
    private final List<String> forced = new ArrayList<>();

    private void force(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            entries.map(entry -> directory.getFileName() + "/" + entry.getFileName())
                    .forEach(forced::add);
        }
    }

    @Test
    void everyParentOfANewDirectoryIsForcedAfterItsEntryWasCreated() throws IOException {
        DiskStorage.createDurably(parent.resolve("a").resolve("b").resolve("c"), this::force);

        String name = parent.getFileName().toString();
        assertThat(forced).endsWith(name + "/a", "a/b", "b/c");
    }

    @Test
    void parentOfAnExistingDirectoryIsForcedAsItsCreatorMayHaveDied() throws IOException {
        Path directory = Files.createDirectory(parent.resolve("a"));
        DiskStorage.createDurably(directory, this::force);

        assertThat(forced).containsExactly(parent.getFileName() + "/a");
    }

    @Test
    void parentOfAnotherUserIsAccepted() throws IOException {
        DiskStorage.createDurably(parent, directory -> {
            throw new AccessDeniedException(directory.toString());
        });
        assertThatThrownBy(() -> DiskStorage.createDurably(parent.resolve("new"), directory -> {
                    throw new IOException("Input/output error");
                }))
                .isInstanceOf(IOException.class);
    }

    @Test
    void pathThroughAFileIsRefusedByName() throws IOException {
        Path file = Files.createFile(parent.resolve("file"));
        assertThatThrownBy(() -> Wal.open(file.resolve("wal")))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("file");
        assertThatThrownBy(() -> Wal.open(file)).isInstanceOf(WalOpenException.class);
    }
}
