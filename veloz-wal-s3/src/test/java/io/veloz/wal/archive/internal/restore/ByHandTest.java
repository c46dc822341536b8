package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.LogFiles;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.store.HeapStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/archive.md says one can do with the lz4 tool alone. Where there is no such tool, the library does its steps. */
class ByHandTest {
    @TempDir
    Path dir;

    @Test
    void segmentsAndTailsAreUnpackedIntoALogThatOpens() throws Exception {
        Path source = dir.resolve("source");
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 300);
        }
        LogFiles files = LogFiles.of(source);
        HeapStore store = new HeapStore();
        int sealed = files.sealed().size();
        var archive = new TestArchive(store, source).segments(1, sealed).tails(2000, Long.MAX_VALUE);
        Path target = Files.createDirectories(dir.resolve("target"));
        for (long number = 1; number <= sealed; number++) {
            byte[] object = store.objects().get(ArchiveKeys.segment("orders", number, 1));
            Files.write(target.resolve(files.sealedName(number)), unpack(object));
        }
        var current = new ByteArrayOutputStream();
        for (long slot : archive.tailSlots()) {
            current.write(unpack(store.objects().get(ArchiveKeys.slot(slot))));
        }
        Files.write(target.resolve(files.currentName()), current.toByteArray());
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.recovery().lastSequence()).isEqualTo(300);
        }
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source));
    }

    private byte[] unpack(byte[] frames) throws Exception {
        Path packed = dir.resolve("packed.lz4");
        Path unpacked = dir.resolve("unpacked");
        Files.write(packed, frames);
        Files.deleteIfExists(unpacked);
        try {
            Process lz4 = new ProcessBuilder("lz4", "-d", "-q", packed.toString(), unpacked.toString())
                    .inheritIO()
                    .start();
            assertThat(lz4.waitFor()).isZero();
            return Files.readAllBytes(unpacked);
        } catch (IOException noTool) {
            assertThat(unpacked).doesNotExist();
            try (InputStream in = Lz4Frames.decompress(new ByteArrayInputStream(frames))) {
                return in.readAllBytes();
            }
        }
    }
}
