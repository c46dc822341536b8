package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryFileTest {
    private static final LogIdentity IDENTITY = new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1);
    private static final String ONE = "01".repeat(16);
    private static final String TWO = "02".repeat(16);
    private static final SlotRef SLOT = new SlotRef(7, "c".repeat(64));

    @TempDir
    Path dir;

    private DirectoryFile open(LogIdentity identity) throws IOException {
        return DirectoryFile.open(LogFiles.of(DiskStorage.open(dir), "orders"), identity);
    }

    @Test
    void fileKeepsTheInstanceTheWritersAndTheConfirmedSlot() throws IOException {
        DirectoryFile first = open(IDENTITY);
        assertThat(first.kept()).isEqualTo(SlotRef.NONE);
        first.add(ONE);
        first.confirmed(ONE, SLOT);
        DirectoryFile again = open(IDENTITY);
        assertThat(again.instance()).isEqualTo(first.instance()).matches("[0-9a-f]{32}");
        assertThat(again.hasWritten(ONE)).isTrue();
        assertThat(again.hasWritten(TWO)).isFalse();
        assertThat(again.kept()).isEqualTo(SLOT);
    }

    @Test
    void olderWritersAreRemovedOnlyAfterTheConfirmation() throws IOException {
        DirectoryFile file = open(IDENTITY);
        file.add(ONE);
        file.add(TWO);
        assertThat(open(IDENTITY).hasWritten(ONE)).isTrue();
        file.confirmed(TWO, SLOT);
        assertThat(open(IDENTITY).hasWritten(ONE)).isFalse();
        assertThat(open(IDENTITY).hasWritten(TWO)).isTrue();
    }

    @Test
    void writerThatClaimsAgainIsNotRemovedByTheOneThatWasFaster() throws IOException {
        DirectoryFile slower = open(IDENTITY);
        slower.add(ONE);
        DirectoryFile faster = open(IDENTITY);
        faster.add(TWO);
        slower.add(ONE);
        faster.confirmed(TWO, SLOT);
        assertThat(open(IDENTITY).hasWritten(ONE)).isTrue();
    }

    @Test
    void slotOfAnOlderShipperDoesNotRemoveTheWriterOfANewerOne() throws IOException {
        DirectoryFile older = open(IDENTITY);
        older.add(ONE);
        DirectoryFile newer = open(IDENTITY);
        newer.add(TWO);
        newer.confirmed(TWO, new SlotRef(9, "d".repeat(64)));
        older.confirmed(ONE, SLOT);
        DirectoryFile read = open(IDENTITY);
        assertThat(read.hasWritten(TWO)).isTrue();
        assertThat(read.kept().number()).isEqualTo(9);
    }

    @Test
    void numberOfWritersIsBoundedAndTheConfirmedOneStays() throws IOException {
        DirectoryFile file = open(IDENTITY);
        for (int i = 0; i < 260; i++) {
            file.add(String.format(Locale.ROOT, "%032x", i));
        }
        assertThat(file.hasWritten(String.format(Locale.ROOT, "%032x", 0))).isTrue();
        assertThat(file.hasWritten(String.format(Locale.ROOT, "%032x", 4))).isFalse();
        assertThat(file.hasWritten(String.format(Locale.ROOT, "%032x", 5))).isTrue();
        assertThat(open(IDENTITY).hasWritten(String.format(Locale.ROOT, "%032x", 259)))
                .isTrue();
    }

    @Test
    void archivesOfOneLogHaveSeparateFiles() throws IOException {
        open(IDENTITY).add(ONE);
        LogIdentity other = new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH.plusSeconds(1), 1, 1);
        assertThat(open(other).hasWritten(ONE)).isFalse();
    }

    @Test
    void replacementWhileAnotherShipperReplacesTheFileFails() throws IOException {
        DirectoryFile file = open(IDENTITY);
        String name = ".orders_archive_" + IDENTITY.origin().substring(0, 16) + ".lock";
        try (StorageLock lock = DiskStorage.open(dir).lock(name)) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> file.add(ONE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another shipper replaces ");
        }
        file.add(ONE);
        assertThat(file.hasWritten(ONE)).isTrue();
    }
}
