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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The upload of sealed segments whose footers do not state the SHA-256 of the data. */
class UploadWithoutDigestTest {
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
                1,
                RateLimiter.UNLIMITED);
    }

    private void damage(long number) throws IOException {
        Path file = dir.resolve(LogFiles.of(dir).sealedName(number));
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        bytes[text.lastIndexOf("record ")] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void segmentIsUploadedAndItsRecordsAreChecked() throws IOException {
        FootersWithoutDigest.write(dir);
        assertThat(LogFiles.of(dir).sealed(2).orElseThrow().dataSha256()).isEmpty();
        assertThat(upload(2)).isInstanceOfSatisfying(Segment.class, segment -> {
            assertThat(segment.number()).isEqualTo(2);
            assertThat(segment.fileSha256()).hasSize(64);
        });
        assertThat(store.objects()).hasSize(1);
    }

    @Test
    void damagedRecordIsNotUploaded() throws IOException {
        FootersWithoutDigest.write(dir);
        damage(2);
        assertThatThrownBy(() -> upload(2))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the file is damaged and is not archived");
        assertThat(store.objects()).isEmpty();
    }

    @Test
    void digestThatIsStatedIsCompared() throws IOException {
        damage(2);
        assertThatThrownBy(() -> upload(2))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("data with SHA-256 ")
                .hasMessageContaining("the file is damaged and is not archived");
        assertThat(store.objects()).isEmpty();
    }
}
