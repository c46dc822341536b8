/** Archives in S3, and in stores that speak its protocol. Nothing of the SDK beneath shows. */
@NullMarked
package io.veloz.wal.archive.s3;

import org.jspecify.annotations.NullMarked;
