// All kernels as one module.
#include "measure.cu"
#include "moments.cu"
#include "update.cu"
