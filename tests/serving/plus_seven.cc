// An operation that TensorFlow does not have: it adds seven. Compiled by test_custom_ops.py.
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

REGISTER_OP("PlusSeven").Input("x: float").Output("y: float");

class PlusSeven : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(tensorflow::OpKernelContext* context) override {
    const tensorflow::Tensor& x = context->input(0);
    tensorflow::Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    for (int i = 0; i < x.NumElements(); i++) y->flat<float>()(i) = x.flat<float>()(i) + 7;
  }
};

REGISTER_KERNEL_BUILDER(Name("PlusSeven").Device(tensorflow::DEVICE_CPU), PlusSeven);
