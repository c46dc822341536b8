package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes whose JVM has settings that an operator may choose. */
@Timeout(120)
class JvmSettingsTest {
    @TempDir
    Path directory;

    @Test
    void rollsTakeNoDirectMemoryThatOnlyGarbageCollectionFrees() throws Exception {
        try (Child child =
                Child.start("rolls", directory, "-XX:+DisableExplicitGC", "-XX:MaxDirectMemorySize=24m", "-Xmx64m")) {
            assertThat(child.rest()).containsExactly("opening", "open 0", "rolled 150");
        }
    }

    @Test
    void closedLogFreesItsDirectMemoryForTheNextOne() throws Exception {
        try (Child child =
                Child.start("opens", directory, "-XX:+DisableExplicitGC", "-XX:MaxDirectMemorySize=24m", "-Xmx256m")) {
            assertThat(child.rest()).containsExactly("read 64");
        }
    }

    /** On a machine with few cores nothing spins, unless a JVM option sets the number of processors. */
    @Test
    void logOfAJvmWithManyProcessorsSpinsAndKeepsItsRecords() throws Exception {
        try (Child child = Child.start("threads", directory, "-XX:ActiveProcessorCount=8")) {
            assertThat(child.rest()).containsExactly("opening", "open 0", "processors 8", "read 1100");
        }
        try (Wal wal = Wal.open(small(DiskStorage.open(directory)).build())) {
            assertThat(wal.lastSequence()).isEqualTo(1100);
            assertThat(Records.of(ReadOptions.of(directory)))
                    .hasSize(1100)
                    .containsEntry(1L, "from a thread")
                    .containsEntry(1100L, "future");
        }
    }
}
