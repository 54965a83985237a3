// SPDX-License-Identifier: Apache-2.0
/**
 * A network adapter with remote direct memory access: memory is registered with it for long, it
 * keeps the addresses, and peers on the wire read and write that memory whatever the kernel does.
 *
 * <p>The registers are the model's own: what adapters have in common is followed, no adapter's
 * programming interface is. Source: InfiniBand Architecture Specification, "Memory Management"
 * (memory regions, remote access rights).
 */
package devices.pcie.rdma;
