// SPDX-License-Identifier: Apache-2.0

/** Kernels of a machine: what they allocate, map, print and dump. They act on hardware only. */
package kdump.lab.engine.kernel;
