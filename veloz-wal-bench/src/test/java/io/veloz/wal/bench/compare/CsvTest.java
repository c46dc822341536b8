package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTest {
    private static final Row PLAIN = new Row(1, "durable-1", "raw-single", "ops", "12345.678");
    private static final Row QUOTED = new Row(2, "replay", "h2", "failed", "exit code 1: a, \"b\"\r\nc µs");

    @TempDir
    private Path directory;

    @Test
    void rowsAreReadAsTheyWereWritten() throws IOException {
        Path file = directory.resolve("results.csv");

        Csv.write(file, List.of(PLAIN, QUOTED));

        assertThat(Csv.read(file)).containsExactly(PLAIN, QUOTED);
        assertThat(directory).isDirectoryContaining(path -> path.equals(file));
        assertThat(Files.readString(file))
                .startsWith("round,workload,log,metric,value\n1,durable-1,raw-single,ops,12345.678\n");
    }

    @Test
    void writeReplacesTheRowsAndLeavesNoOtherFile() throws IOException {
        Path file = directory.resolve("results.csv");
        Csv.write(file, List.of(PLAIN));

        Csv.write(file, List.of(QUOTED));

        assertThat(Csv.read(file)).containsExactly(QUOTED);
        assertThat(directory.toFile().list()).containsExactly("results.csv");
    }

    @Test
    void fileWithoutTheHeaderIsRefusedByName() throws IOException {
        Path file = Files.writeString(directory.resolve("other.csv"), "a,b\n");

        assertThatThrownBy(() -> Csv.read(file))
                .isInstanceOf(IOException.class)
                .hasMessage(file + ": line 1: expected round,workload,log,metric,value");
    }

    @Test
    void incompleteLastLineIsRefused() {
        assertThatThrownBy(() -> Csv.parse("round,workload,log,metric,value\n1,durable-1,raw"))
                .hasMessage("the last line is incomplete");
    }

    @Test
    void recordWithAnotherNumberOfFieldsIsRefused() {
        assertThatThrownBy(() -> Csv.parse("round,workload,log,metric,value\n1,durable-1,raw\n"))
                .hasMessage("record 1: got [1, durable-1, raw], expected a round and 4 fields");
    }
}
