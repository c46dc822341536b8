package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.LogKind;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Measures one log with one workload, and prints each metric and its value on a line. One process for each measurement, so that
 * no log is affected by the compiled code, the heap or the libraries of another.
 *
 * <p>Arguments: class of the log, name of the workload, an empty directory, seconds, seconds of the warm-up,
 * number of the round.
 */
public final class Measure {
    private Measure() {}

    public static void main(String[] arguments) throws Exception {
        Workload workload = Workload.of(arguments[1]);
        Workload.Run run = new Workload.Run(
                LogKind.load(arguments[0]),
                Path.of(arguments[2]),
                Double.parseDouble(arguments[3]),
                Double.parseDouble(arguments[4]),
                Integer.parseInt(arguments[5]));
        for (Map.Entry<Metric, Double> metric : workload.run(run).entrySet()) {
            System.out.printf(
                    Locale.ROOT, "%s %.3f%n", metric.getKey().name().toLowerCase(Locale.ROOT), metric.getValue());
        }
    }
}
