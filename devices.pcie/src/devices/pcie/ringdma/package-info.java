// SPDX-License-Identifier: Apache-2.0

/**
 * A ring-driven DMA engine and its driver: the device model that sits behind every function whose
 * class does DMA and that no closer model claims.
 *
 * <p>Descriptors lie in memory. The engine fetches one by DMA, moves its data by DMA in requests of
 * at most 256 bytes, and writes the descriptor's status back by DMA. What it read from memory ends
 * on a medium; what it writes to memory comes from there.
 */
package devices.pcie.ringdma;
