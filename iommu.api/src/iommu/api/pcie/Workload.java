// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import java.util.List;

/**
 * What a driver is asked to keep its device busy with.
 *
 * @param requestsPerSecond how fast the device works; 0 leaves it idle
 * @param streaming whether a device whose kind leaves that open goes round its ring by itself for
 *     ever, or stops when the posted requests are done
 * @param readsPerMille how many of 1000 requests read memory; the others write it
 * @param bytes bytes of each request's buffer; at most 4096
 * @param rings pages already mapped for the device, that it may read and write, for its rings and
 *     queues; at least one
 * @param readable pages already mapped for the device that it may only read
 * @param writable pages already mapped for the device that it may read and write
 * @param writeOnly pages already mapped for the device that it may only write, as receive buffers
 * @param message what the first entry of the device's MSI-X table holds; null if that is unknown
 */
public record Workload(double requestsPerSecond, boolean streaming, int readsPerMille, int bytes,
        List<DmaBuffer> rings, List<DmaBuffer> readable, List<DmaBuffer> writable,
        List<DmaBuffer> writeOnly, Message message) {

    /** Copies the lists. */
    public Workload {
        rings = List.copyOf(rings);
        readable = List.copyOf(readable);
        writable = List.copyOf(writable);
        writeOnly = List.copyOf(writeOnly);
    }

    /** No workload: the driver only makes sure that its device works. */
    public static Workload none() {
        return new Workload(0, false, 500, 512, List.of(), List.of(), List.of(),
                List.of(), null);
    }
}
