package io.veloz.wal.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** E10, E12: a file that exists and cannot be opened is not a missing file. A directory with its name is an example. */
class OpenForReadingTest {
    @TempDir
    Path directory;

    @Test
    void missingFileIsDistinguishedFromOneThatCannotBeOpened() throws IOException {
        Files.createDirectory(directory.resolve("there"));
        DiskStorage storage = DiskStorage.open(directory);

        assertThatThrownBy(() -> storage.openForReading("missing")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage.openForReading("there"))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(NoSuchFileException.class)
                .isNotInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("there");
    }

    @Test
    void onlyARegularFileExists() throws IOException {
        Files.createDirectory(directory.resolve("there"));
        Files.createFile(directory.resolve("file"));
        Files.createSymbolicLink(directory.resolve("link"), directory.resolve("file"));
        DiskStorage storage = DiskStorage.open(directory);

        assertThat(storage.exists("file")).isTrue();
        assertThat(storage.exists("there")).isFalse();
        assertThat(storage.exists("link")).isFalse();
        assertThat(storage.exists("missing")).isFalse();
    }

    @Test
    void noAnswerIsGivenAboutAFileOfADirectoryThatIsGone() throws IOException {
        DiskStorage storage = DiskStorage.open(Files.createDirectory(directory.resolve("log")));
        Files.delete(directory.resolve("log"));

        assertThatThrownBy(() -> storage.exists("missing")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void checkpointThatCannotBeOpenedIsNotTreatedAsMissing() throws IOException {
        try (Wal wal = Wal.open(directory)) {
            wal.appendDurable(1, ByteBuffer.allocate(8));
            wal.writeCheckpoint(1, out -> out.write(1));
        }
        Path checkpoint = directory.resolve(".orders_checkpoint_a");
        Files.delete(checkpoint);
        Files.createDirectory(checkpoint);

        assertThatThrownBy(() -> {
                    var unused = WalCheckpoint.newest(ReadOptions.of(directory));
                })
                .isInstanceOfAny(WalException.class, UncheckedIOException.class)
                .hasStackTraceContaining("checkpoint_a");
    }
}
