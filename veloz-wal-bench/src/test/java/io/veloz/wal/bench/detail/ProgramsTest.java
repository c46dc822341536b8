package io.veloz.wal.bench.detail;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every program runs with tiny sizes, prints its rows, and leaves no files. The figures are not checked. */
@Timeout(300)
class ProgramsTest {
    @TempDir
    Path dir;

    /** The entry of a program. */
    private interface Program {
        void run(PrintStream out, String... arguments) throws Exception;
    }

    /** JMH refuses to run twice on a machine, because the figures of both would be wrong. */
    @BeforeAll
    static void ignoreOtherRunsOfJmh() {
        System.setProperty("jmh.ignoreLock", "true");
    }

    private String smoke(Program program, String... arguments) throws Exception {
        String[] all = Stream.concat(Stream.of("--smoke", "--dir", dir.toString()), Arrays.stream(arguments))
                .toArray(String[]::new);
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        program.run(new PrintStream(printed, true, StandardCharsets.UTF_8), all);
        assertThat(dir).isEmptyDirectory();
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void opens() throws Exception {
        assertThat(smoke(Opens::run))
                .contains(
                        "3 segments of 256 KiB", "after a clean close, warm JVM", "after a kill, first log of its JVM")
                .containsPattern("after a kill, one open: [1-9][0-9]* files opened, [1-9][0-9,]* bytes read")
                .contains("ratio");
    }

    @Test
    void recovery() throws Exception {
        assertThat(smoke(Recovery::run, "--records", "2000", "--orders", "2000"))
                .contains(
                        "2,000 records", "open and replay, in the page cache", "replayed into an OrderStore", "ratio");
    }

    @Test
    void tailLatency() throws Exception {
        assertThat(smoke(TailLatency::run))
                .contains("reader in the process, from due", "from durable", "reader in another process", "ratio");
    }

    @Test
    void idle() throws Exception {
        assertThat(smoke(Idle::run))
                .contains("nothing", "log_follower_and_shipper", "requests to the archive", "thread veloz-wal-ship");
    }

    @Test
    void rollStall() throws Exception {
        assertThat(smoke(RollStall::run))
                .contains("segments of 4 MiB", "segments of 32 MiB", "p99.9 with rolls / without");
    }

    @Test
    void shipRate() throws Exception {
        assertThat(smoke(ShipRate::run)).contains("plain puts", "awaitArchived of a durable record", "ratio");
    }

    @Test
    void microBenchmarks() throws Exception {
        assertThat(smoke(MicroBenchmarks::run))
                .contains("BufferedAppend.burst", "OrderAppend.append, allocated", "ReaderNext.next", "ChecksumCost");
    }
}
