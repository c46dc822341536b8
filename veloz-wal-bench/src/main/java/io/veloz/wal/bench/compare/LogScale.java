package io.veloz.wal.bench.compare;

import java.util.List;
import java.util.stream.IntStream;

/** A logarithmic axis over whole decades. */
record LogScale(int firstDecade, int lastDecade, double x, double width) {
    static LogScale over(double least, double most, double x, double width) {
        int first = (int) Math.floor(Math.log10(least));
        int last = (int) Math.ceil(Math.log10(most));
        return new LogScale(first, Math.max(last, first + 1), x, width);
    }

    double at(double value) {
        double position = (Math.log10(value) - firstDecade) / (lastDecade - firstDecade);
        return x + width * Math.min(1, Math.max(0, position));
    }

    /** Returns the values at which a line is drawn. */
    List<Double> decades() {
        return IntStream.rangeClosed(firstDecade, lastDecade)
                .mapToObj(decade -> Math.pow(10, decade))
                .toList();
    }
}
