// SPDX-License-Identifier: Apache-2.0

/** What is chosen before a run: kernels, behaviour of units, what engines are busy with. */
package kdump.lab.engine.setup;
