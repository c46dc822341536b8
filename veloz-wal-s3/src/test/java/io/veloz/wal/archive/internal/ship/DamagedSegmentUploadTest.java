package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A sealed segment is verified before it is uploaded: its footer states no digest of the data. */
class DamagedSegmentUploadTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();

    @BeforeEach
    void makeLog() {
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 600);
        }
    }

    private Part upload(long number) throws IOException {
        LogFiles files = LogFiles.of(dir);
        return Uploader.upload(
                LocalLog.of(files),
                store,
                new EncryptedUploads(DataKeys.none()),
                files.sealed(number).orElseThrow(),
                PartLayout.WHOLE,
                1,
                RateLimiter.UNLIMITED,
                Runnable::run);
    }

    @Test
    void soundSegmentIsUploaded() throws IOException {
        assertThat(upload(2))
                .isInstanceOfSatisfying(
                        Segment.class, segment -> assertThat(segment.number()).isEqualTo(2));
        assertThat(store.objects()).hasSize(1);
    }

    /** Otherwise each retry would read the same parts, and fail. */
    @ParameterizedTest
    @ValueSource(longs = {0, 8192})
    void partOfAFileThatBecameShorterIsReplaced(long from) throws IOException {
        LogFiles files = LogFiles.of(dir);
        String name = files.sealedName(2);
        FileObject part = FileObject.read(
                new FileObject.Range(files, name, from, from + 8192),
                FileObject.Bytes.IGNORED,
                RateLimiter.UNLIMITED,
                "p",
                null);
        byte[] bytes = Files.readAllBytes(dir.resolve(name));
        assertThat(bytes).hasSizeGreaterThan(2 * 8192 - 4096);
        Files.write(dir.resolve(name), Arrays.copyOf(bytes, 5000));
        assertThatThrownBy(() -> {
                    try (InputStream in = part.open()) {
                        in.readAllBytes();
                    }
                })
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was replaced while it was uploaded");
        assertThat(part.wasReplaced()).isTrue();
    }

    @Test
    void segmentWithADamagedRecordIsNotUploaded() throws IOException {
        Path file = dir.resolve(LogFiles.of(dir).sealedName(2));
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        bytes[text.lastIndexOf("record ")] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> upload(2))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the segment is damaged and is not archived");
        assertThat(store.objects()).isEmpty();
    }
}
