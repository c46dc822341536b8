package io.veloz.wal.ops.doctor;

/**
 * A conclusion from facts and figures. Immutable.
 *
 * @param code a stable name for programs
 * @param text what was found, with the figures
 * @param advice what to do; "" if nothing
 */
public record Finding(Severity severity, String code, String text, String advice) {}
