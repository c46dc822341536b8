package io.veloz.wal.ops.doctor;

/** A measurement was stopped before its end, so there are no figures. */
public final class MeasurementStoppedException extends RuntimeException {
    MeasurementStoppedException() {
        super("stopped before all figures were measured");
    }
}
